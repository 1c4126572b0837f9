"""The rooms of a build: survey, plan, extract, assemble. `provenance.build` is the driver that walks through them."""
