using System.Diagnostics;
using Fettle.Shared.Verbs;
using Fettle.Testing;

namespace Fettle.Cli.Tests.Loads;

/// <summary>What a run of the command line gave back.</summary>
sealed record CliOutcome(int Code, string Output, string Error)
{
    /// <summary>The run did what it was asked for; that a busy test machine limits the generator is no fault of the run.</summary>
    public void ShouldBeFine() => (Code == ExitCode.Ok || Code == ExitCode.Undecided && Output.Contains("GENERATOR-LIMITED")).ShouldBeTrue(Output + Error);
}

/// <summary>Runs the command line within the test, or as a process of its own where signals matter.</summary>
static class CliRun
{
    /// <summary>Runs it within this process.</summary>
    public static async Task<CliOutcome> InProcessAsync(params string[] arguments)
    {
        using var console = ConsoleCapture.Start();
        var code = await CommandLine.RunAsync(arguments);
        return new CliOutcome(code, console.Output, console.Error);
    }

    /// <summary>Runs it as a process; <paramref name="meanwhile"/> gets the process and may send it signals.</summary>
    public static async Task<CliOutcome> AsProcessAsync(string[] arguments, Func<Process, Task> meanwhile, params string[] launcher)
    {
        // What runs the tests may ignore Ctrl-C, as a job in the background does, and children inherit that.
        string[] all = ["env", "--default-signal=INT", .. launcher, Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", Path.Combine(AppContext.BaseDirectory, "Fettle.Cli.dll"), .. arguments];
        using var process = Process.Start(new ProcessStartInfo(all[0], all[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await meanwhile(process);
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(120));
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }

        return new CliOutcome(process.ExitCode, await output, await error);
    }
}

/// <summary>A folder that is gone after the test.</summary>
sealed class TemporaryFolder : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fettle-load-");

    public string File(string name, string? content = null)
    {
        var path = Path.Combine(_folder.FullName, name);
        if (content is not null)
        {
            System.IO.File.WriteAllText(path, content);
        }

        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
