namespace Topology.HardenedApp;

/// <summary>Names this assembly to the tests that start it.</summary>
public sealed class Marker;
