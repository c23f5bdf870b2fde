"""What requests cost the service, in CPU time of its process."""
