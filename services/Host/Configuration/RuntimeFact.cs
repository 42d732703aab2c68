using System.Globalization;
using System.Runtime;

namespace Fettle.Services.Host.Configuration;

/// <summary>What the runtime was started with, read back from the runtime itself: a variable that it does not know changes nothing here.</summary>
/// <param name="Name">As a setting's.</param>
/// <param name="Value">The value in force.</param>
/// <param name="Source">The variable that is set, or <c>runtime</c>.</param>
/// <param name="Description">What it is.</param>
internal sealed record RuntimeFact(string Name, string Value, string Source, string Description)
{
    public static IReadOnlyList<RuntimeFact> Read()
    {
        ThreadPool.GetMinThreads(out var workers, out _);
        return
        [
            Of("runtime:gc-server", GCSettings.IsServerGC ? "true" : "false", "DOTNET_gcServer", "One heap and one collecting thread per processor"),
            Of("runtime:gc-concurrent", GCSettings.LatencyMode == GCLatencyMode.Batch ? "false" : "true", "DOTNET_gcConcurrent", "Full collections run beside the requests"),
            Of("runtime:min-worker-threads", workers.ToString(CultureInfo.InvariantCulture), "DOTNET_ThreadPool_ForceMinWorkerThreads", "Worker threads that are started without a wait; the variable is hexadecimal"),
        ];
    }

    static RuntimeFact Of(string name, string value, string variable, string description) =>
        new(name, value, Environment.GetEnvironmentVariable(variable) is { Length: > 0 } ? variable : "runtime", description);
}
