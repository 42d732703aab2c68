using System.Globalization;
using System.Text.RegularExpressions;

namespace Fettle.LoadTesting.Thresholds;

/// <summary>
/// A condition in k6's spelling: a metric, tags that select requests, and <c>aggregate operator value</c>, for example
/// <c>http_req_duration{scenario:steady}</c> with <c>p(95)&lt;50</c>. The value may relate to a saved run: <c>p(99)&lt;=baseline*1.05</c>.
/// </summary>
public sealed partial record Threshold
{
    /// <summary>The metrics and the aggregates that each knows.</summary>
    internal static readonly IReadOnlyDictionary<string, string[]> Metrics = new Dictionary<string, string[]>
    {
        ["http_req_duration"] = ["p", "avg", "min", "med", "max"],
        ["http_req_service_time"] = ["p", "avg", "min", "med", "max"],
        ["http_req_failed"] = ["rate", "count"],
        ["http_reqs"] = ["rate", "count"],
        ["checks"] = ["rate"],
        ["dropped_iterations"] = ["rate", "count"],
        ["process_cpu"] = ["avg", "max"],
        ["process_memory_mb"] = ["max", "slope"],
    };

    Threshold()
    {
    }

    /// <summary>The metric's name.</summary>
    public required string Metric { get; init; }

    /// <summary>Tags that select requests: <c>scenario</c>, <c>name</c>, or a tag of the scenario file.</summary>
    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    /// <summary>p, avg, min, med, max, rate, count or slope.</summary>
    public required string Aggregate { get; init; }

    /// <summary>The percentile, for the aggregate p.</summary>
    public double Percentile { get; init; }

    /// <summary>&lt;, &lt;=, &gt;, &gt;=, == or !=.</summary>
    public required string Operator { get; init; }

    /// <summary>The limit, or the factor of the baseline. Milliseconds for durations, 0 to 1 for rates of failure, per second for http_reqs.</summary>
    public required double Value { get; init; }

    /// <summary>The limit is <see cref="Value"/> times the baseline's figure.</summary>
    public bool Relative { get; init; }

    /// <summary>Ends the run as soon as the condition is broken.</summary>
    public bool AbortOnFail { get; init; }

    /// <summary>How long after the start aborting begins.</summary>
    public TimeSpan DelayAbort { get; init; }

    /// <summary>The metric with its tags, as written.</summary>
    public string Subject => Tags.Count == 0 ? Metric : $"{Metric}{{{string.Join(",", Tags.Select(t => $"{t.Key}:{t.Value}"))}}}";

    /// <summary>The condition, as written.</summary>
    public string Expression => $"{(Aggregate == "p" ? $"p({Percentile.ToString(CultureInfo.InvariantCulture)})" : Aggregate)}{Operator}{(Relative ? "baseline*" : "")}{Value.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Parses subject and condition.</summary>
    /// <exception cref="FormatException">Says what is not understood and what is allowed.</exception>
    public static Threshold Parse(string subject, string expression, bool abortOnFail = false, TimeSpan delayAbort = default)
    {
        var s = SubjectPattern().Match(subject.Trim());
        if (!s.Success)
        {
            throw new FormatException($"threshold subject '{subject}' is not a metric with tags such as http_req_duration{{scenario:steady}}");
        }

        var metric = s.Groups[1].Value;
        if (!Metrics.TryGetValue(metric, out var aggregates))
        {
            var nearest = Scenarios.NearestName.Of(metric, Metrics.Keys);
            throw new FormatException($"there is no metric '{metric}'{(nearest is null ? $"; known: {string.Join(", ", Metrics.Keys)}" : $"; did you mean '{nearest}'?")}");
        }

        var e = ExpressionPattern().Match(expression.Replace(" ", ""));
        if (!e.Success)
        {
            throw new FormatException($"threshold '{expression}' of {metric} is not understood; write it as p(95)<50, rate<0.01 or p(99)<=baseline*1.05");
        }

        var aggregate = e.Groups[2].Success ? "p" : e.Groups[1].Value;
        if (!aggregates.Contains(aggregate))
        {
            throw new FormatException($"{metric} has no '{aggregate}'; it has {string.Join(", ", aggregates.Select(a => a == "p" ? "p(N)" : a))}");
        }

        var percentile = e.Groups[2].Success ? double.Parse(e.Groups[2].Value, CultureInfo.InvariantCulture) : 0;
        if (percentile > 100)
        {
            throw new FormatException($"threshold '{expression}': the percentile {percentile} is above 100");
        }

        return new Threshold
        {
            Metric = metric,
            Tags = s.Groups[2].Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(tag => tag.Split(':', 2, StringSplitOptions.TrimEntries)).ToDictionary(tag => tag[0], tag => tag[1]),
            Aggregate = aggregate,
            Percentile = percentile,
            Operator = e.Groups[3].Value,
            Relative = e.Groups[4].Success,
            Value = (e.Groups[5], e.Groups[6]) switch
            {
                ({ Success: true } factor, _) => double.Parse(factor.Value, CultureInfo.InvariantCulture),
                (_, { Success: true } limit) => double.Parse(limit.Value, CultureInfo.InvariantCulture),
                _ => 1,
            },
            AbortOnFail = abortOnFail,
            DelayAbort = delayAbort,
        };
    }

    /// <summary>Whether a measured figure fulfils the condition; a figure that does not exist does not.</summary>
    internal bool Holds(double measured, double? baseline)
    {
        var limit = Relative ? Value * (baseline ?? double.NaN) : Value;
        return Operator switch
        {
            "<" => measured < limit,
            "<=" => measured <= limit,
            ">" => measured > limit,
            ">=" => measured >= limit,
            "==" => measured == limit,
            _ => !double.IsNaN(measured) && !double.IsNaN(limit) && measured != limit,
        };
    }

    [GeneratedRegex(@"^([a-z_0-9]+)(?:\{((?:\s*[\w-]+\s*:[^,{}:]+,?)+)\})?$")]
    private static partial Regex SubjectPattern();

    [GeneratedRegex(@"^(?:(avg|min|med|max|rate|count|slope)|p\((\d+(?:\.\d+)?)\))(<=|>=|==|!=|<|>)(?:(baseline)(?:\*(\d+(?:\.\d+)?))?|(\d+(?:\.\d+)?))$")]
    private static partial Regex ExpressionPattern();
}
