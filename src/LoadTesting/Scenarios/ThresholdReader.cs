using Fettle.LoadTesting.Thresholds;
using YamlDotNet.RepresentationModel;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Reads <c>thresholds</c>: a metric with one condition, a list of them, or conditions with abortOnFail and delayAbortEval as k6 has them.</summary>
static class ThresholdReader
{
    public static IEnumerable<Threshold> Read(YamlNode? node, NodeReader reader, IReadOnlyList<string> scenarios)
    {
        foreach (var (subject, conditions) in reader.Mapping(node, "thresholds"))
        {
            foreach (var condition in conditions is YamlSequenceNode list ? list.Children : [conditions])
            {
                if (One(subject, condition, reader) is { } threshold)
                {
                    if (threshold.Tags.TryGetValue("scenario", out var scenario) && !scenarios.Contains(scenario))
                    {
                        reader.Mistake(condition, $"threshold {subject}: there is no scenario '{scenario}'{(NearestName.Of(scenario, scenarios) is { } nearest ? $"; did you mean '{nearest}'?" : "")}");
                    }

                    yield return threshold;
                }
            }
        }
    }

    static Threshold? One(string subject, YamlNode node, NodeReader reader)
    {
        var abort = false;
        var delay = TimeSpan.Zero;
        var expression = (node as YamlScalarNode)?.Value;
        if (node is not YamlScalarNode)
        {
            var entries = reader.Mapping(node, $"threshold {subject}", "threshold", "abortOnFail", "delayAbortEval");
            expression = reader.Text(entries.GetValueOrDefault("threshold"), "threshold");
            abort = reader.Flag(entries.GetValueOrDefault("abortOnFail"), "abortOnFail") ?? false;
            delay = reader.Time(entries.GetValueOrDefault("delayAbortEval"), "delayAbortEval") ?? TimeSpan.Zero;
        }

        try
        {
            return Threshold.Parse(subject, expression ?? "", abort, delay);
        }
        catch (FormatException e)
        {
            reader.Mistake(node, e.Message);
            return null;
        }
    }
}
