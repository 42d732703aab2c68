using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Fettle.Shared.Results;

/// <summary>Reads what a result must say about where it was made.</summary>
internal static class RunEnvironment
{
    public static MachineInfo Machine() => new(
        Processor(),
        Environment.ProcessorCount,
        Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1024.0 * 1024 * 1024), 1),
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription);

    /// <summary>The commit of the folder, or <c>unknown</c> outside a checkout or without git.</summary>
    public static SourceInfo Source(string? folder = null)
    {
        folder ??= AppContext.BaseDirectory;
        var commit = Git(folder, "rev-parse", "HEAD");
        return commit is null
            ? new SourceInfo("unknown", false)
            : new SourceInfo(commit, Git(folder, "status", "--porcelain", "--untracked-files=no") is "");
    }

    /// <summary>The one-minute load average, or null where the system has none.</summary>
    public static double? LoadAverage()
    {
        try
        {
            var text = File.ReadAllText("/proc/loadavg");
            return double.Parse(text[..text.IndexOf(' ')], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }

    static string Processor()
    {
        try
        {
            foreach (var line in File.ReadLines("/proc/cpuinfo"))
            {
                if (line.StartsWith("model name", StringComparison.Ordinal))
                {
                    return line[(line.IndexOf(':') + 1)..].Trim();
                }
            }
        }
        catch (IOException)
        {
        }

        return RuntimeInformation.ProcessArchitecture.ToString();
    }

    static string? Git(string folder, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo("git") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
            foreach (var argument in arguments)
            {
                start.ArgumentList.Add(argument);
            }

            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
