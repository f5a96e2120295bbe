"""The promote stage: the gate for challengers, and the moves of the registry's aliases."""
