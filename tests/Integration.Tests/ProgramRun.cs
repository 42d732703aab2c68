using System.Diagnostics;
using Fettle.Cli;
using Fettle.Testing;

namespace Fettle.Integration.Tests;

/// <summary>The command line as a process of its own.</summary>
internal static class ProgramRun
{
    /// <summary>The program's own folder: in the tests' folder what ASP.NET brings along is missing beside it.</summary>
    static string Program()
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        var own = Path.Combine(here, "..", "..", "Fettle.Cli", Path.GetFileName(here), "Fettle.Cli.dll");
        return File.Exists(own) ? own : Path.Combine(here, "Fettle.Cli.dll");
    }

    public static ProcessStartInfo Start(IReadOnlyList<string> arguments, string? folder = null)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = folder ?? "" };
        start.ArgumentList.Add(Program());
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    public static async Task<(int Code, string Output, string Errors)> RunAsync(string? folder, params string[] arguments)
    {
        using var process = Process.Start(Start(arguments, folder))!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    /// <summary>The same verbs without a process: what a test does often and does not kill.</summary>
    public static async Task<(int Code, string Output, string Errors)> InProcessAsync(params string[] arguments)
    {
        using var console = ConsoleCapture.Start();
        var code = await CommandLine.RunAsync(arguments);
        return (code, console.Output, console.Error);
    }
}
