"""What the providers on a WordPress site have in common: where it is, who asks, how it refuses, and its users."""
