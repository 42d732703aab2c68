using System.Globalization;
using YamlDotNet.RepresentationModel;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Reads a replay: a CSV file of requests with the seconds at which each begins (columns at, method, path and, if wanted, name).</summary>
static class ReplayReader
{
    const int MostChecked = 50;

    public static Scenario Read(string name, YamlNode node, Dictionary<string, YamlNode> scenario, NodeReader reader, TimeSpan timeout)
    {
        var what = $"scenario {name}";
        foreach (var key in scenario.Keys.Except(["replay", "start", "after", "timeout", "connections"]))
        {
            reader.Mistake(scenario[key], $"{what}: {key} does not go with replay; the file has the requests and their times");
        }

        var entries = reader.Mapping(node, $"{what}.replay", "file", "speed");
        var speed = reader.Number(entries.GetValueOrDefault("speed"), $"{what}.replay.speed", 0.001, 1000) ?? 1;
        var rows = Rows(reader.Text(entries.GetValueOrDefault("file"), $"{what}.replay.file") ?? "", node, what, speed, reader);
        var steps = rows.DistinctBy(r => r.Request.Name).Take(MostChecked)
            .Select(r => new ScenarioEntry(1, [new Step { Name = r.Request.Name, Method = r.Request.Method, Path = Template.Parse(YamlText.Literal(r.Request.Path), Escaping.None) }])).ToArray();
        return new Scenario
        {
            Name = name,
            Model = new ReplayModel([.. rows.Select(r => r.At)]),
            Recorded = [.. rows.Select(r => r.Request)],
            Entries = steps,
            Duration = TimeSpan.FromSeconds(rows.Count == 0 ? 1 : Math.Ceiling(rows[^1].At * 2 + 1e-6) / 2 + (rows[^1].At == 0 ? 0.5 : 0)),
            StartAfter = reader.Time(scenario.GetValueOrDefault("start"), $"{what}.start") ?? TimeSpan.Zero,
            After = reader.Text(scenario.GetValueOrDefault("after"), $"{what}.after"),
            Timeout = reader.Time(scenario.GetValueOrDefault("timeout"), $"{what}.timeout") ?? timeout,
            MaxConnections = reader.Whole(scenario.GetValueOrDefault("connections"), $"{what}.connections", 1, 60_000) ?? 1024,
        };
    }

    static List<(double At, LoadRequest Request)> Rows(string name, YamlNode node, string what, double speed, NodeReader reader)
    {
        var found = new List<(double, LoadRequest)>();
        var path = reader.Files.Path(name);
        if (reader.Files.Read(name) is not { } text)
        {
            reader.Mistake(node, $"{what}.replay: there is no file '{path}'");
            return found;
        }

        var rows = CsvText.Parse(text);
        var columns = new[] { "at", "method", "path", "name" }.Select(c => rows.Count == 0 ? -1 : Array.IndexOf(rows[0], c)).ToArray();
        if (columns[..3].Contains(-1))
        {
            reader.Mistake(node, $"{what}.replay: '{path}' needs the columns at, method and path");
            return found;
        }

        foreach (var (row, i) in rows.Skip(1).Select((row, i) => (row, i)))
        {
            try
            {
                var at = row.Length == rows[0].Length && double.TryParse(row[columns[0]], CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 1e6
                    ? seconds / speed : throw new ArgumentException($"'at' is not a number of seconds from 0, or the line has not {rows[0].Length} fields");
                var request = row[columns[2]];
                found.Add((at, new LoadRequest(columns[3] < 0 ? $"{row[columns[1]]} {request.Split('?')[0]}" : row[columns[3]], row[columns[1]], request)));
            }
            catch (ArgumentException e)
            {
                reader.Mistake(node, $"{what}.replay: line {i + 2} of '{path}': {e.Message}");
                return found;
            }
        }

        if (found.Count == 0)
        {
            reader.Mistake(node, $"{what}.replay: '{path}' has no requests");
        }

        // Names repeat; one object for each keeps the recorder's look-up short.
        var names = new Dictionary<string, string>();
        return [.. found.OrderBy(f => f.Item1).Select(f => (f.Item1, f.Item2.Named(names.TryGetValue(f.Item2.Name, out var known) ? known : names[f.Item2.Name] = f.Item2.Name)))];
    }
}
