namespace Topology.Comparison;

/// <summary>The progress of a comparison.</summary>
/// <param name="Phase">A description of the current step, for display.</param>
/// <param name="Done">Blocks measured.</param>
/// <param name="Total">Blocks in all.</param>
/// <param name="Path">The path of the block just measured; null before the first.</param>
/// <param name="Block">That block; null before the first.</param>
public sealed record ComparisonProgress(string Phase, int Done, int Total, string? Path = null, BlockPoint? Block = null);

/// <summary>Nothing could be measured; the message says what to check.</summary>
public sealed class ComparisonFailedException(string message, Exception? cause = null) : Exception(message, cause);
