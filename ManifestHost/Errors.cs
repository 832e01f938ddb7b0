namespace Topology.ManifestHost;

/// <summary>The arguments, the manifest or the machine must change before anything can start: exit status 2. The message says what to change.</summary>
internal sealed class UsageException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What was asked for is right, but it did not work out (a build failed, a resource stayed unhealthy): exit status 1.</summary>
internal sealed class RunFailedException(string message, Exception? inner = null) : Exception(message, inner);
