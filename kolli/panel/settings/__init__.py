"""What owners settle for everybody: one module for each page of settings."""
