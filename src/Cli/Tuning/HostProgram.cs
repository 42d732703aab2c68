using System.Diagnostics;
using Fettle.Shared.Verbs;
using Fettle.Tuning.Targets;

namespace Fettle.Cli.Tuning;

/// <summary>Finds and starts the program of the reference services.</summary>
internal static class HostProgram
{
    const string Dll = "Fettle.Services.Host.dll";

    /// <summary>Beside this program, in the build's folder of Host, or where FETTLE_HOST says.</summary>
    public static string Find()
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var candidates = new[]
        {
            Environment.GetEnvironmentVariable("FETTLE_HOST"),
            Path.Combine(here, Dll),
            Path.Combine(here, "..", "..", "Fettle.Services.Host", Path.GetFileName(here), Dll),
        };
        return candidates.FirstOrDefault(File.Exists) is { } found
            ? Path.GetFullPath(found)
            : throw new UserErrorException($"{Dll} is not built; run ./fettle once, or set FETTLE_HOST to its path");
    }

    /// <summary>How to start instances of a reference service on copies.</summary>
    /// <param name="service">Its name.</param>
    /// <param name="redis">The second cache tier, or null for none.</param>
    public static Launch Serve(string service, string? redis = null) => new()
    {
        Program = "dotnet",
        Arguments = [Find(), "serve", service, "--database", "{database}", "--urls", "{url}", .. redis is null ? [] : new[] { "--redis", redis }],
        Environment = new Dictionary<string, string> { ["FETTLE_EXIT_WITH_STDIN"] = "1" },
    };

    /// <summary>Writes a sample universe beside its final name and renames it, so that an interrupted one is never taken for whole.</summary>
    public static async Task SampleStocksAsync(string file, int stocks, int days, int seed, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var partial = file + ".partial";
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        string[] arguments = [Find(), "sample", "stocks", "--stocks", $"{stocks}", "--days", $"{days}", "--seed", $"{seed}", "--out", partial, "--force"];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        try
        {
            await process.StandardOutput.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        if (process.ExitCode != 0)
        {
            throw new UserErrorException($"'fettle sample stocks' ended with exit code {process.ExitCode}");
        }

        File.Move(partial, file, overwrite: true);
        foreach (var suffix in new[] { "-wal", "-shm" })
        {
            if (File.Exists(partial + suffix))
            {
                File.Move(partial + suffix, file + suffix, overwrite: true);
            }
        }
    }
}
