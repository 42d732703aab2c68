using YamlDotNet.RepresentationModel;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Reads a feed: a CSV file with a header line, or values in the scenario itself.</summary>
static class FeedReader
{
    static readonly Feed Nothing = new(["value"], [[""]], FeedChoice.Sequential);

    public static Feed Read(string name, YamlNode node, NodeReader reader)
    {
        var what = $"feed {name}";
        var entries = reader.Mapping(node, what, "file", "values", "choose", "exponent", "seed");
        var choice = reader.OneOf(entries.GetValueOrDefault("choose"), $"{what}.choose", "sequential", "uniform", "zipf") switch
        {
            "uniform" => FeedChoice.Uniform,
            "zipf" => FeedChoice.Zipf,
            _ => FeedChoice.Sequential,
        };
        var exponent = reader.Number(entries.GetValueOrDefault("exponent"), $"{what}.exponent", 0.01, 10) ?? 1;
        var seed = reader.Whole(entries.GetValueOrDefault("seed"), $"{what}.seed", 0, int.MaxValue) ?? 1;
        if (entries.ContainsKey("file") == entries.ContainsKey("values"))
        {
            reader.Mistake(node, $"{what} needs either file or values");
            return Nothing;
        }

        var (columns, rows) = entries.TryGetValue("file", out var file)
            ? FromFile(reader.Text(file, $"{what}.file") ?? "", file, what, reader)
            : (["value"], [.. reader.List(entries["values"], $"{what}.values").Select(v => new[] { reader.Text(v, $"{what} value") ?? "" })]);
        if (rows.Length == 0)
        {
            reader.Mistake(node, $"{what} has no rows");
            return Nothing;
        }

        return new Feed(columns, rows, choice, exponent, seed);
    }

    static (string[] Columns, string[][] Rows) FromFile(string name, YamlNode node, string what, NodeReader reader)
    {
        var path = reader.Files.Path(name);
        if (reader.Files.Read(name) is not { } text)
        {
            reader.Mistake(node, $"{what}: there is no file '{path}'");
            return (["value"], [[""]]);
        }

        var rows = CsvText.Parse(text);
        foreach (var (row, i) in rows.Select((row, i) => (row, i)))
        {
            if (row.Length != rows[0].Length)
            {
                reader.Mistake(node, $"{what}: line {i + 1} of '{path}' has {row.Length} fields, its header has {rows[0].Length}");
                break;
            }
        }

        return rows.Count == 0 ? (["value"], []) : (rows[0], [.. rows.Skip(1)]);
    }
}
