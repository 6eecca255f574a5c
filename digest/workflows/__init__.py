"""The verbs: in what order things happen. No technology, only ports."""
