using System.Text;
using System.Text.RegularExpressions;
using Fettle.LoadTesting.Engine.Http;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>One request of a scenario as a pattern, with what is read from its answer and what the answer must fulfil.</summary>
sealed class Step
{
    LoadRequest? _fixed;

    public required string Name { get; init; }

    public required string Method { get; init; }

    public required Template Path { get; init; }

    public BodyTemplate? Body { get; init; }

    public IReadOnlyList<(string Name, Template Value)> Headers { get; init; } = [];

    public IReadOnlyList<int>? Expect { get; init; }

    public IReadOnlyList<Extraction> Extract { get; init; } = [];

    public IReadOnlyList<Check> Checks { get; init; } = [];

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();

    /// <summary>Pause before the next step.</summary>
    public TimeSpan Think { get; init; }

    public bool ReadsAnswer => Extract.Count > 0 || Checks.Any(c => c.Kind != CheckKind.Status);

    public LoadRequest Render(FlowVariables variables, string? cookies)
    {
        if (_fixed is not null && cookies is null)
        {
            return _fixed;
        }

        var headers = Headers.Select(h => KeyValuePair.Create(h.Name, h.Value.Render(variables).ReplaceLineEndings(" "))).ToList();
        if (cookies is not null)
        {
            headers.Add(new("Cookie", cookies));
        }

        var path = Path.Render(variables);
        var request = new LoadRequest(Name, Method, path.Contains(' ') ? path.Replace(" ", "%20") : path, Body?.Render(variables), headers) { Expected = Expect };
        if (cookies is null && Path.IsLiteral && (Body?.IsLiteral ?? true) && Headers.All(h => h.Value.IsLiteral))
        {
            _fixed = request;
        }

        return request;
    }

    public IEnumerable<string> Names => Path.Names.Concat(Body?.Names ?? []).Concat(Headers.SelectMany(h => h.Value.Names));
}

enum ValueSource
{
    Json,
    Header,
    Regex,
}

/// <summary>Reads a value from an answer into a variable.</summary>
sealed record Extraction(string Variable, ValueSource Source, string Expression)
{
    readonly Regex? _regex = Source == ValueSource.Regex ? new Regex(Expression, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)) : null;

    public string? Read(AnswerCapture capture) => Source switch
    {
        ValueSource.Json => JsonPath.Find(capture.BodyBytes, Expression),
        ValueSource.Header => capture.Headers.Where(h => h.Key.Equals(Expression, StringComparison.OrdinalIgnoreCase)).Select(h => h.Value).FirstOrDefault(),
        _ => _regex!.Match(Encoding.UTF8.GetString(capture.BodyBytes.Span)) is { Success: true } match ? match.Groups[match.Groups.Count > 1 ? 1 : 0].Value : null,
    };
}

enum CheckKind
{
    Status,
    Json,
    Header,
    BodyContains,
    BodyMatches,
}

/// <summary>A condition on an answer. Without a wanted value it is enough that the value is there.</summary>
sealed record Check(string Name, CheckKind Kind, string Subject, string? Wanted)
{
    public bool Holds(int status, AnswerCapture? capture) => Kind switch
    {
        CheckKind.Status => status.ToString(System.Globalization.CultureInfo.InvariantCulture) == Wanted,
        _ when capture is null => false,
        CheckKind.Json => Right(JsonPath.Find(capture.BodyBytes, Subject)),
        CheckKind.Header => Right(new Extraction("", ValueSource.Header, Subject).Read(capture)),
        CheckKind.BodyContains => Encoding.UTF8.GetString(capture.BodyBytes.Span).Contains(Subject, StringComparison.Ordinal),
        _ => Regex.IsMatch(Encoding.UTF8.GetString(capture.BodyBytes.Span), Subject, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)),
    };

    bool Right(string? found) => found is not null && (Wanted is null || found == Wanted);
}
