"""The parts of the joint search: criteria, what a proposer is shown, demonstrations, races, credit."""
