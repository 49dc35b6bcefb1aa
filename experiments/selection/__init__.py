"""Which set of assertions agrees best with people, by how it is chosen. All of it in simulated worlds."""
