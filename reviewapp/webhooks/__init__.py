"""Second floor: what we tell other systems: endpoints, the outbox and its deliveries."""
