using System.Diagnostics;

namespace Fettle.Testing;

/// <summary>Runs the system's Python for tests that compare with Python libraries.</summary>
public static class Python
{
    /// <summary>Looks the modules up without importing them, which takes seconds for the large ones.</summary>
    const string Find = "import sys, importlib.util as u; sys.exit(any(u.find_spec(m.strip()) is None for m in sys.argv[1].split(',')))";

    /// <summary>The first python3 that has the modules, named with commas between them, or null. Debian's comes first: its packages are installed there.</summary>
    public static string? With(string modules) => new[] { "/usr/bin/python3", Programs.Find("python3") }
        .Where(p => p is not null && File.Exists(p))
        .FirstOrDefault(p => TryRun(p!, ["-c", Find, modules]).Code == 0);

    /// <summary>Runs a script and fails with its standard error when it fails.</summary>
    public static string Run(string python, string script, params string[] arguments)
    {
        var (code, output, error) = TryRun(python, [script, .. arguments]);
        return code == 0 ? output : throw new InvalidOperationException($"{script} exited with {code}: {error}");
    }

    static (int Code, string Output, string Error) TryRun(string python, string[] arguments)
    {
        var start = new ProcessStartInfo(python) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
