using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace Fettle.Integration.Tests;

/// <summary>The whole loop as a user runs it: programs, files, processes.</summary>
public sealed class TuneStocksTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-e2e-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Ctrl-C is a real SIGINT to the real program, in the middle of its measurements.</summary>
    [Fact]
    public async Task Interrupted_LeavesNoProcessNoCopyAndAnUntouchedDatabase()
    {
        await using var tune = StartTuning();
        await tune.UntilAsync("A/A: ");
        var before = Fingerprint(tune.Sample);
        tune.Signal("INT");
        (await tune.ExitAsync()).ShouldBe(130);
        tune.Errors.ShouldContain("fettle: interrupted");
        await NoProcessIsLeftAsync(processes: 2);
        Fingerprint(tune.Sample).ShouldBe(before);
        (await FettleAsync("rollback", "--state", _folder)).Output.ShouldContain("nothing to undo");
    }

    [Fact]
    public async Task UnknownService_IsAUsageError()
    {
        var (code, _, errors) = await FettleAsync("tune", "nothing", "--state", _folder);
        code.ShouldBe(2);
        errors.ShouldContain("known: stocks");
    }

    async Task NoProcessIsLeftAsync(int processes = 3)
    {
        (await LivingAsync()).ShouldBe(0, "a service outlived the run");
        Processes().Count.ShouldBe(processes);
        Directory.GetDirectories(_folder, "scratch", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    /// <summary>The journal names every process of the run by id and start time.</summary>
    List<JsonNode> Processes() =>
        [.. File.ReadAllLines(Directory.GetFiles(_folder, "journal.jsonl", SearchOption.AllDirectories).ShouldHaveSingleItem()).Select(line => JsonNode.Parse(line[9..])!).Where(e => (string?)e["event"] == "process")];

    async Task<int> LivingAsync()
    {
        var living = 0;
        foreach (var entry in Processes())
        {
            var stat = $"/proc/{entry["pid"]}/stat";
            living += File.Exists(stat) && (await File.ReadAllTextAsync(stat)).Split(' ')[21] == entry["pidStart"]!.ToString() ? 1 : 0;
        }

        return living;
    }

    static string Fingerprint(string file) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)));

    Tuning StartTuning() => new(["tune", "stocks", "--quick", "--stocks", "60", "--days", "60", "--state", _folder], Path.Combine(_folder, "samples", "stocks-60x60-seed1.db"));

    static async Task<(int Code, string Output, string Errors)> FettleAsync(params string[] arguments)
    {
        using var process = Process.Start(Program(arguments))!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }

    static ProcessStartInfo Program(string[] arguments)
    {
        // What runs the tests may ignore Ctrl-C, as a job in the background does, and children inherit that.
        var start = new ProcessStartInfo("env") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("--default-signal=INT");
        start.ArgumentList.Add("dotnet");
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Fettle.Cli.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    /// <summary>A run of its own process, of which the test watches standard error.</summary>
    sealed class Tuning : IAsyncDisposable
    {
        readonly Process _process;
        readonly StringBuilder _errors = new();
        readonly Task _reading;
        readonly List<(string Text, TaskCompletionSource Seen)> _waits = [];

        public Tuning(string[] arguments, string sample)
        {
            Sample = sample;
            _process = Process.Start(Program(arguments))!;
            _ = _process.StandardOutput.ReadToEndAsync();
            _reading = ReadAsync();
        }

        public string Sample { get; }

        public string Errors
        {
            get
            {
                lock (_errors)
                {
                    return _errors.ToString();
                }
            }
        }

        public async Task UntilAsync(string text)
        {
            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_errors)
            {
                _waits.Add((text, seen));
                Notify();
            }

            await seen.Task.WaitAsync(TimeSpan.FromMinutes(3));
        }

        public void Signal(string name)
        {
            using var kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
            kill.WaitForExit();
        }

        public async Task<int> ExitAsync()
        {
            await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
            await _reading;
            return _process.ExitCode;
        }

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                await _process.WaitForExitAsync();
            }

            _process.Dispose();
        }

        async Task ReadAsync()
        {
            while (await _process.StandardError.ReadLineAsync() is { } line)
            {
                lock (_errors)
                {
                    _errors.AppendLine(line);
                    Notify();
                }
            }
        }

        void Notify()
        {
            foreach (var (text, seen) in _waits)
            {
                if (_errors.ToString().Contains(text, StringComparison.Ordinal))
                {
                    seen.TrySetResult();
                }
            }
        }
    }
}
