"""Laboratory flow_public: how its files are read."""
