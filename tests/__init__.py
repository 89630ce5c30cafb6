"""What OpsDesk promises, by room; races, faults, peers, looks and journeys go across the rooms."""
