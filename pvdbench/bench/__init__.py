"""How fast every hot part is on this machine, beside its straightforward version or another revision's."""
