"""What a carrier must be able to do, and the carriers that come with Kolli."""
