using System.Globalization;

namespace Fettle.LoadTesting.Engine;

/// <summary>Whether this process may open as many sockets as a run asks for. The runtime has raised the soft limit to the hard one at its start.</summary>
static class OpenFileLimit
{
    /// <summary>Files, pipes and the runtime's own.</summary>
    const int Others = 250;

    /// <summary>What is missing, or null.</summary>
    public static string? Missing(int connections) => Missing(connections, Limit());

    internal static string? Missing(int connections, long? limit) => limit is { } most && connections + Others > most
        ? $"{connections} connections need {connections + Others} open files, this process may have {most}; raise the limit (ulimit -n {connections + Others}) or divide the load (--workers)"
        : null;

    static long? Limit()
    {
        try
        {
            var line = File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith("Max open files", StringComparison.Ordinal));
            return line is not null && long.TryParse(line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture, out var limit) ? limit : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
