using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Fettle.Bench.Rivals;

/// <summary>A web server in a process of its own, found by the line that it prints, with the processor time it has used.</summary>
internal sealed partial class WebProcess : IAsyncDisposable
{
    /// <summary>Linux counts processor time in hundredths of a second.</summary>
    const double TicksPerSecond = 100;

    readonly Process _process;

    WebProcess(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>User and system seconds, of all threads.</summary>
    public double CpuSeconds => Cpu(_process.Id);

    public static double Cpu(int process)
    {
        var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"));
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>
    /// Leaves it one core from now on. Not from the start: a core that requests keep busy leaves the compiler little, and the
    /// server goes on running unoptimised code.
    /// </summary>
    public async Task PinAsync(int core)
    {
        using var taskset = Process.Start(new ProcessStartInfo("taskset", ["-a", "-c", "-p", $"{core}", $"{_process.Id}"]) { RedirectStandardOutput = true })!;
        await taskset.StandardOutput.ReadToEndAsync();
        await taskset.WaitForExitAsync();
    }

    /// <param name="environment">Variables besides this process's.</param>
    /// <param name="program">The program and its arguments.</param>
    public static async Task<WebProcess> StartAsync(IReadOnlyDictionary<string, string> environment, params string[] program)
    {
        var start = new ProcessStartInfo(program[0], program[1..]) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        _ = process.StandardOutput.ReadToEndAsync();
        var said = new StringBuilder();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            said.AppendLine(line);
            if (Listening().Match(line) is { Success: true } match)
            {
                _ = process.StandardError.ReadToEndAsync();
                return new WebProcess(process, new Uri(match.Value));
            }
        }

        throw new InvalidOperationException($"{string.Join(' ', program)} did not start: {said}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+", RegexOptions.CultureInvariant)]
    private static partial Regex Listening();
}
