"""Service points: where carriers hand parcels out. They are the installation's, read from data files of the carriers."""
