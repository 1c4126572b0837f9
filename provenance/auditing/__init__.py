"""The rooms of an audit: counting what the gate said, naming it in private or in public, setting it in sections."""
