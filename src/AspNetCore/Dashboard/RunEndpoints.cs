using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Fettle.AspNetCore;

/// <summary>
/// Tuning runs of the state folder (<see cref="FettleOptions.StateFolder"/>), newest first: <c>GET /fettle/runs</c>,
/// <c>/fettle/runs/{id}</c> (its <c>fettle.result/1</c>) and <c>/fettle/runs/{id}/journal</c>, which grows while a run is under way;
/// and load runs saved in its folder <c>loads</c>: <c>GET /fettle/loads</c>, <c>/fettle/loads/{id}</c>.
/// </summary>
internal static class RunEndpoints
{
    const int Most = 200;
    const string LoadFolder = "loads";

    public static void Map(RouteGroupBuilder admin)
    {
        admin.MapGet("/runs", (FettleOptions options) => Results.Json(new RunList(RunList.CurrentSchema, List(options.StateFolder)), FettleJson.Default.RunList));
        admin.MapGet("/runs/{id}", (string id, FettleOptions options) => Send(options, id, "result.json", "application/json"));
        admin.MapGet("/loads", (FettleOptions options) => Results.Json(new LoadList(LoadList.CurrentSchema, Loads(options.StateFolder)), FettleJson.Default.LoadList));
        admin.MapGet("/loads/{id}", (string id, FettleOptions options) => Loads(options.StateFolder).Any(l => l.Id == id)
            ? Read(Path.Combine(options.StateFolder, LoadFolder, id), "application/json")
            : FettleProblems.NotFound("unknown-load", "no load run has that id; GET /fettle/loads lists them"));
        admin.MapGet("/runs/{id}/journal", (string id, FettleOptions options) => Send(options, id, "journal.jsonl", "application/x-ndjson"));
    }

    /// <summary>Load results that were saved under <c>loads</c> of the state folder, newest first; other files are passed over.</summary>
    static List<LoadEntry> Loads(string state)
    {
        var folder = new DirectoryInfo(Path.Combine(state, LoadFolder));
        return folder.Exists
            ? [.. folder.EnumerateFiles("*.json").OrderByDescending(f => f.LastWriteTimeUtc).Take(Most).Select(Describe).OfType<LoadEntry>()]
            : [];
    }

    static LoadEntry? Describe(FileInfo file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file.FullName));
            var root = document.RootElement;
            return root.GetProperty("kind").GetString() == "load"
                ? new LoadEntry(file.Name, root.GetProperty("name").GetString() ?? "", root.GetProperty("startedAt").GetDateTimeOffset(), root.GetProperty("durationSeconds").GetDouble())
                : null;
        }
        catch (Exception e) when (e is JsonException or IOException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }

    static List<RunEntry> List(string state)
    {
        var folder = new DirectoryInfo(Path.Combine(state, "runs"));
        return folder.Exists
            ? [.. folder.EnumerateDirectories().OrderByDescending(d => d.Name, StringComparer.Ordinal).Take(Most).Select(Describe)]
            : [];
    }

    static RunEntry Describe(DirectoryInfo run)
    {
        var journal = new FileInfo(Path.Combine(run.FullName, "journal.jsonl"));
        try
        {
            var result = Path.Combine(run.FullName, "result.json");
            if (File.Exists(result))
            {
                using var document = JsonDocument.Parse(File.ReadAllBytes(result));
                var kept = document.RootElement.TryGetProperty("verdicts", out var verdicts)
                    ? verdicts.EnumerateArray().Count(v => v.GetProperty("verdict").GetString() == "kept" && v.GetProperty("subject").GetString() != "total")
                    : 0;
                var end = document.RootElement.TryGetProperty("data", out var data) && data.TryGetProperty("end", out var e) ? e.GetString() : null;
                return new RunEntry(run.Name, "finished", end, kept, journal.Exists ? journal.LastWriteTimeUtc : run.LastWriteTimeUtc);
            }
        }
        catch (Exception e) when (e is JsonException or IOException or InvalidOperationException or KeyNotFoundException)
        {
            return new RunEntry(run.Name, "unreadable", null, 0, run.LastWriteTimeUtc);
        }

        return new RunEntry(run.Name, "no result yet", null, 0, journal.Exists ? journal.LastWriteTimeUtc : run.LastWriteTimeUtc);
    }

    /// <summary>An id is a folder's name as the list gave it; anything else names no run.</summary>
    static IResult Send(FettleOptions options, string id, string file, string type)
    {
        var path = List(options.StateFolder).Any(r => r.Id == id) ? Path.GetFullPath(Path.Combine(options.StateFolder, "runs", id, file)) : null;
        if (path is null || !File.Exists(path))
        {
            return FettleProblems.NotFound("unknown-run", $"no run has a {file} under that id; GET /fettle/runs lists them");
        }

        return Read(path, type);
    }

    static IResult Read(string path, string type)
    {
        // The tuner may be writing it.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return Results.Text(reader.ReadToEnd(), type);
    }
}

internal sealed record RunList(string Schema, IReadOnlyList<RunEntry> Runs)
{
    public const string CurrentSchema = "fettle.runs/1";
}

/// <summary>One run: its folder's name, whether it has a result, how it ended and how many actions it kept.</summary>
internal sealed record RunEntry(string Id, string State, string? End, int Kept, DateTime ChangedAt);

internal sealed record LoadList(string Schema, IReadOnlyList<LoadEntry> Loads)
{
    public const string CurrentSchema = "fettle.loads/1";
}

/// <summary>One saved load run: its file's name, its scenario, when and how long.</summary>
internal sealed record LoadEntry(string Id, string Name, DateTimeOffset StartedAt, double DurationSeconds);
