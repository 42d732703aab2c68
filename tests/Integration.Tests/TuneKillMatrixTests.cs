using System.Diagnostics;
using System.Text.Json.Nodes;
using Fettle.Databases;
using Fettle.Tuning.Targets;
using Xunit.Abstractions;

namespace Fettle.Integration.Tests;

/// <summary>
/// A whole <c>fettle tune</c> and what kill −9 would leave of it at every step: at each new line of its journal the program is stopped, and its files are put aside. Each of
/// these moments is then rolled back by itself: schema dump and switches file must be as before the run, byte for byte. FETTLE_SOAK kills it for real, a run for each line.
/// </summary>
[Trait("Category", "Slow")]
public sealed class TuneKillMatrixTests : IDisposable
{
    const string Switches = "{ \"schema\": \"fettle.switches/1\",   \"switches\": [] }\r\n";
    const int Undecided = 4;
    const string Universe = "stocks-150x365-seed1.db";
    readonly ITestOutputHelper _output;
    readonly string _folder = Directory.CreateTempSubdirectory("fettle-matrix-").FullName;

    public TuneKillMatrixTests(ITestOutputHelper output) => _output = output;

    string State => Path.Combine(_folder, "state");

    string SwitchesFile => Path.Combine(State, "switches", "stocks.json");

    string Sample => Path.Combine(State, "samples", Universe);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task WholeRunStoppedAtEveryStep_IsRolledBackToTheStateBefore()
    {
        var schema = await PrepareAsync();
        var moments = new List<Moment>();
        using var tune = Start("--json", Path.Combine(_folder, "out.json"), "--html", Path.Combine(_folder, "out.html"));
        var (output, errors) = (tune.StandardOutput.ReadToEndAsync(), tune.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        while (!tune.HasExited)
        {
            if (Lines() > (moments.Count == 0 ? 0 : moments[^1].Lines))
            {
                await StoppedProcess.WhileAsync(tune, () => moments.Add(PutAside(moments)), limit.Token);
            }

            await Task.Delay(2, limit.Token);
        }

        // On a busy machine the gain may stay undecided: then nothing is applied, and the moments end before that.
        tune.ExitCode.ShouldBeOneOf([0, Undecided], await output + await errors);
        var kept = tune.ExitCode == 0;
        moments.Add(PutAside(moments));
        CheckReport(await output, kept);
        NoProcessIsLeft(kept);

        _output.WriteLine("killed at                                       journal lines  schema dump  switches file  rollback wrote");
        var wrong = 0;
        foreach (var moment in moments)
        {
            Restore(moment);
            var (code, text, trouble) = await ProgramRun.InProcessAsync("rollback", "--state", State);
            var (same, file) = (code == 0 && (await SchemaAsync()).SequenceEqual(schema), await File.ReadAllTextAsync(SwitchesFile) == Switches);
            _output.WriteLine($"{moment.What,-46}  {moment.Lines,13}  {(same ? "equal" : "DIFFERS"),11}  {(file ? "equal" : "DIFFERS"),13}  {text.Split('\n').Count(l => l.StartsWith("undone", StringComparison.Ordinal))} lines{trouble}");
            wrong += same && file ? 0 : 1;
            Directory.GetDirectories(State, "scratch", SearchOption.AllDirectories).ShouldBeEmpty();
            (await ProgramRun.InProcessAsync("rollback", "all", "--state", State)).Output.ShouldContain("nothing to undo");
            if (kept && moment == moments[^1])
            {
                text.ShouldContain("schema  equal to the one before the run");
            }
        }

        wrong.ShouldBe(0);
        moments.Count.ShouldBeGreaterThan(5);
    }

    /// <summary>For real, as often as the run has journal lines; without FETTLE_SOAK once, when both services have been started.</summary>
    [Fact]
    public async Task KilledForReal_ServicesEndAndRollbackRestoresTheStateBefore()
    {
        var soak = Environment.GetEnvironmentVariable("FETTLE_SOAK") is { Length: > 0 };
        var schema = await PrepareAsync();
        for (var lines = soak ? 1 : 3; ; lines++)
        {
            using var tune = Start();
            _ = tune.StandardOutput.ReadToEndAsync();
            var errors = tune.StandardError.ReadToEndAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            while (!tune.HasExited && Lines() < lines)
            {
                await Task.Delay(1, limit.Token);
            }

            var ended = tune.HasExited && Lines() < lines;
            tune.Kill();
            await tune.WaitForExitAsync(limit.Token);
            while (Living() > 0)
            {
                await Task.Delay(20, limit.Token);
            }

            var (code, text, trouble) = await ProgramRun.InProcessAsync("rollback", "--state", State);
            code.ShouldBe(0, text + trouble);
            (await SchemaAsync()).ShouldBe(schema, $"killed after {lines} lines");
            (await File.ReadAllTextAsync(SwitchesFile)).ShouldBe(Switches);
            Directory.GetDirectories(State, "scratch", SearchOption.AllDirectories).ShouldBeEmpty();
            _output.WriteLine($"killed after {lines} journal lines: schema dump and switches file equal");
            if (!soak || ended)
            {
                Lines().ShouldBeGreaterThanOrEqualTo(3, await errors);
                return;
            }

            Directory.Delete(Path.Combine(State, "runs"), recursive: true);
        }
    }

    /// <summary>The sample as a run finds it, and a switches file of the user's.</summary>
    async Task<string[]> PrepareAsync()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Sample)!);
        Directory.CreateDirectory(Path.GetDirectoryName(SwitchesFile)!);
        await File.WriteAllTextAsync(SwitchesFile, Switches);
        string[] arguments = [Path.Combine(AppContext.BaseDirectory, "Fettle.Services.Host.dll"), "sample", "stocks", "--stocks", "150", "--days", "365", "--out", Sample];
        using var process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        process.ExitCode.ShouldBe(0, await errors);
        return await SchemaAsync();
    }

    Process Start(params string[] more)
    {
        var process = Process.Start(ProgramRun.Start(["tune", "stocks", "--quick", "--stocks", "150", "--minutes", "2", "--only", "index", "prediction-cache", "--state", State, .. more], _folder))!;
        process.StandardInput.Close();
        return process;
    }

    void CheckReport(string output, bool kept)
    {
        output.ShouldContain("Effects with their intervals");
        File.ReadAllText(Path.Combine(_folder, "out.html")).ShouldStartWith("<!doctype html>");
        if (kept)
        {
            output.ShouldContain("Total, against an untouched baseline");
            output.ShouldContain("kept");
            var result = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder, "out.json")))!;
            ((int)result["data"]!["totalAnswers"]!["different"]!).ShouldBe(0);
            ((int)result["data"]!["totalAnswers"]!["compared"]!).ShouldBeGreaterThan(40);
        }
    }

    void NoProcessIsLeft(bool kept)
    {
        Living().ShouldBe(0, "a service outlived the run");
        Entries().Count(e => (string?)e["event"] == "process").ShouldBe(kept ? 3 : 2);
        Directory.GetDirectories(State, "scratch", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    /// <summary>Services of the run that are alive: the journal names every one by id and start time.</summary>
    int Living() => Entries().Where(e => (string?)e["event"] == "process").Count(e => ProcessCpu.StartTicks((int)e["pid"]!) == (long)e["pidStart"]!);

    /// <summary>Copies what a kill would leave. The copies in scratch are not looked into: they only have to vanish.</summary>
    Moment PutAside(List<Moment> earlier)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, $"moment-{earlier.Count}")).FullName;
        var journal = Journal()!;
        File.Copy(journal, Path.Combine(folder, "journal.jsonl"));
        if (File.Exists(SwitchesFile))
        {
            File.Copy(SwitchesFile, Path.Combine(folder, "stocks.json"));
        }

        foreach (var temporary in Directory.GetFiles(Path.GetDirectoryName(SwitchesFile)!, "*.tmp"))
        {
            File.Copy(temporary, Path.Combine(folder, Path.GetFileName(temporary)));
        }

        // What did not change since the moment before is not copied once more.
        var files = Directory.GetFiles(Path.GetDirectoryName(Sample)!, Universe + "*").Select(f => new FileInfo(f)).OrderBy(f => f.Name, StringComparer.Ordinal).ToArray();
        var stamp = string.Join('|', files.Select(f => $"{f.Name} {f.Length} {f.LastWriteTimeUtc.Ticks}"));
        var data = earlier.Count > 0 && earlier[^1].Stamp == stamp ? earlier[^1].Data : folder;
        foreach (var file in data == folder ? files : [])
        {
            file.CopyTo(Path.Combine(folder, file.Name));
        }

        var last = Entries()[^1];
        return new Moment(Entries().Count, $"{last["event"]} {last["action"]} {((bool?)last["scratch"] == true ? "on a copy" : "")}".Trim(), folder, journal, data, stamp, Directory.Exists(Path.Combine(Path.GetDirectoryName(journal)!, "scratch")));
    }

    void Restore(Moment moment)
    {
        Directory.Delete(Path.Combine(State, "runs"), recursive: true);
        foreach (var old in Directory.GetFiles(Path.GetDirectoryName(Sample)!, Universe + "*").Concat(Directory.GetFiles(Path.GetDirectoryName(SwitchesFile)!)))
        {
            File.Delete(old);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(moment.Journal)!);
        File.Copy(Path.Combine(moment.Folder, "journal.jsonl"), moment.Journal);
        if (moment.Scratch)
        {
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(moment.Journal)!, "scratch")).FullName, "a.db"), "a copy");
        }

        foreach (var file in Directory.GetFiles(moment.Folder, "stocks.json*"))
        {
            File.Copy(file, Path.Combine(Path.GetDirectoryName(SwitchesFile)!, Path.GetFileName(file)));
        }

        foreach (var file in Directory.GetFiles(moment.Data, Universe + "*"))
        {
            File.Copy(file, Path.Combine(Path.GetDirectoryName(Sample)!, Path.GetFileName(file)));
        }
    }

    string? Journal() => Path.Combine(State, "runs") is var runs && Directory.Exists(runs) ? Directory.GetFiles(runs, "journal.jsonl", SearchOption.AllDirectories).FirstOrDefault() : null;

    int Lines()
    {
        if (Journal() is not { } journal)
        {
            return 0;
        }

        using var file = new FileStream(journal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    /// <summary>The whole lines, the check before each left out.</summary>
    List<JsonNode> Entries()
    {
        if (Journal() is not { } journal)
        {
            return [];
        }

        using var file = new FileStream(journal, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        var text = reader.ReadToEnd();
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line[9..])!)];
    }

    Task<string[]> SchemaAsync() => TunedDatabase.SchemaAsync(DatabaseAddress.Parse("sqlite:" + Sample), CancellationToken.None);

    /// <summary>What lay on the disk at one moment.</summary>
    /// <param name="Lines">Whole lines of the journal.</param>
    /// <param name="What">Its last line.</param>
    /// <param name="Folder">Journal and switches file.</param>
    /// <param name="Journal">Where the journal was.</param>
    /// <param name="Data">The folder with the database's files.</param>
    /// <param name="Stamp">Names, lengths and times of those files.</param>
    /// <param name="Scratch">Whether the run had copies.</param>
    sealed record Moment(int Lines, string What, string Folder, string Journal, string Data, string Stamp, bool Scratch);
}
