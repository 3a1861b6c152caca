"""Service points: where carriers hand parcels out; the installation's, read from data files of the carriers."""
