using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Fettle.LoadTesting.Scenarios;

namespace Fettle.LoadTesting.Importing;

/// <summary>Reads access logs of the common and combined format, as nginx and Apache write them.</summary>
static partial class AccessLogImport
{
    const int MostNames = 200;

    public static ImportedScenario Read(string text, string name)
    {
        var notes = new List<string>();
        var (unread, unsafeMethods) = (0, 0);
        var lines = new List<(DateTimeOffset At, string Method, string Path)>();
        foreach (var line in text.Split('\n').Where(l => l.Trim().Length > 0))
        {
            var match = Line().Match(line);
            if (!match.Success || !TryTime(match.Groups["time"].Value, out var at))
            {
                unread++;
            }
            else if (match.Groups["method"].Value is not ("GET" or "HEAD" or "OPTIONS"))
            {
                unsafeMethods++;
            }
            else
            {
                lines.Add((at, match.Groups["method"].Value, match.Groups["path"].Value));
            }
        }

        if (lines.Count == 0)
        {
            throw new InvalidDataException($"no line of the log can be replayed: {unread} are not of the common or combined format, {unsafeMethods} have a method other than GET, HEAD, OPTIONS");
        }

        if (unread > 0)
        {
            notes.Add($"{unread} lines are not of the common or combined format; they are left out");
        }

        if (unsafeMethods > 0)
        {
            notes.Add($"{unsafeMethods} requests with a method other than GET, HEAD and OPTIONS are left out: a log has no bodies");
        }

        var times = Spread(lines, notes);
        var names = new HashSet<string>();
        var csv = new StringBuilder("at,method,path,name\n");
        foreach (var (at, method, path) in times)
        {
            var pattern = $"{method} {Pattern(path)}";
            var known = names.Contains(pattern) || names.Count < MostNames && names.Add(pattern) ? pattern : "other";
            csv.Append(CultureInfo.InvariantCulture, $"{at:0.######},{method},{CsvText.Escape(path)},{CsvText.Escape(known)}\n");
        }

        var file = $"{name}.csv";
        var yaml = ScenarioWriter.Begin(name, null).Append($"  replay:\n    replay: {{ file: {YamlText.Quote(file)}, speed: 1 }}\n").ToString();
        return new ImportedScenario(yaml, new Dictionary<string, string> { [file] = csv.ToString() }, notes);
    }

    /// <summary>Seconds after the first request; requests of one whole second are spread evenly within it, in their order.</summary>
    static IEnumerable<(double At, string Method, string Path)> Spread(List<(DateTimeOffset At, string Method, string Path)> lines, List<string> notes)
    {
        var first = lines.Min(l => l.At);
        if (lines.Any(l => l.At.Ticks % TimeSpan.TicksPerSecond != 0))
        {
            return lines.OrderBy(l => l.At).Select(l => ((l.At - first).TotalSeconds, l.Method, l.Path)).ToArray();
        }

        notes.Add("the log has whole seconds; the requests of a second are spread evenly within it");
        return lines.OrderBy(l => l.At).GroupBy(l => l.At).SelectMany(g => g.Select((l, i) => ((l.At - first).TotalSeconds + (double)i / g.Count(), l.Method, l.Path))).ToArray();
    }

    /// <summary>The path without its query and with placeholders for numbers and identifiers, so that a report has few names.</summary>
    static string Pattern(string path) => string.Join('/', path.Split('?')[0].Split('/').Select(s =>
        s.Length > 0 && s.All(char.IsAsciiDigit) ? "{number}" : Identifier().IsMatch(s) ? "{id}" : s));

    static bool TryTime(string text, out DateTimeOffset at) =>
        DateTimeOffset.TryParseExact(text, "dd/MMM/yyyy:HH:mm:ss zzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out at)
        || DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out at);

    [GeneratedRegex("""^\S+ \S+ .*?\[(?<time>[^\]]+)\] "(?<method>[A-Z]+) (?<path>/[^\s"]*)(?: HTTP/[\d.]+)?" \d{3}\b""")]
    private static partial Regex Line();

    [GeneratedRegex("^(?:[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{16,})$")]
    private static partial Regex Identifier();
}
