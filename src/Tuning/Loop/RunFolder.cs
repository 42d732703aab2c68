using System.Globalization;
using Fettle.Tuning.Journal;

namespace Fettle.Tuning.Loop;

/// <summary>The archive folder of a run: <c>STATE/runs/ID/{journal.jsonl, result.json, report.html, scratch/}</c>.</summary>
internal sealed class RunFolder
{
    RunFolder(string id, string path)
    {
        Id = id;
        Path = path;
    }

    public string Id { get; }

    public string Path { get; }

    public string Journal => System.IO.Path.Combine(Path, TuningJournal.FileName);

    public string Result => System.IO.Path.Combine(Path, "result.json");

    public string Report => System.IO.Path.Combine(Path, "report.html");

    public string Scratch => System.IO.Path.Combine(Path, "scratch");

    public static RunFolder Create(string state, string name, TimeProvider time)
    {
        var stem = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyyMMdd-HHmmss}-{name}");
        for (var i = 1; ; i++)
        {
            var id = i == 1 ? stem : string.Create(CultureInfo.InvariantCulture, $"{stem}-{i}");
            var path = System.IO.Path.GetFullPath(System.IO.Path.Combine(state, "runs", id));
            if (!Directory.Exists(path))
            {
                Directory.CreateDirectory(System.IO.Path.Combine(path, "scratch"));
                return new RunFolder(id, path);
            }
        }
    }

    /// <summary>All runs of a state folder, oldest first.</summary>
    public static IReadOnlyList<RunFolder> All(string state)
    {
        var runs = System.IO.Path.Combine(state, "runs");
        return Directory.Exists(runs)
            ? [.. Directory.GetDirectories(runs).Order(StringComparer.Ordinal).Select(p => new RunFolder(System.IO.Path.GetFileName(p), System.IO.Path.GetFullPath(p)))]
            : [];
    }
}
