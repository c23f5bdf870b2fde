"""What geoplan's queries cost beside other programs that answer the same questions."""
