"""Reports: what a verb found, told as one page for people or as tables for machines. No dataset is opened here."""
