"""Mail out: a letter becomes bytes (`message`), and the bytes leave (`smtp`) or lie (`outbox`)."""
