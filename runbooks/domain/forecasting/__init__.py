"""When it will end and how surely: sampled durations over the network, the way back, what drives the end."""
