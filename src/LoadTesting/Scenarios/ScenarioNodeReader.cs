using YamlDotNet.RepresentationModel;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Reads one scenario: its load model, its time, its requests.</summary>
static class ScenarioNodeReader
{
    const double MaxRate = 1_000_000;
    const double MaxUsers = 60_000;

    public static Scenario Read(string name, YamlNode node, NodeReader reader, StepReader steps, TimeSpan timeout)
    {
        var what = $"scenario {name}";
        var entries = reader.Mapping(node, what, "start", "after", "warmup", "duration", "rate", "users", "arrivals", "think", "requests-limit", "stages", "timeout", "connections", "seed", "cookies", "requests", "replay");
        if (entries.TryGetValue("replay", out var replay))
        {
            return ReplayReader.Read(name, replay, entries, reader, timeout);
        }

        var stages = Stages(entries, what, reader);
        var duration = reader.Time(entries.GetValueOrDefault("duration"), $"{what}.duration");
        var warmUp = reader.Time(entries.GetValueOrDefault("warmup"), $"{what}.warmup") ?? TimeSpan.Zero;
        if (duration is null && stages.Count > 0)
        {
            duration = stages.Aggregate(TimeSpan.Zero, (sum, s) => sum + s.Duration) - warmUp;
        }

        if (duration is null || duration <= TimeSpan.Zero || duration > TimeSpan.FromHours(24))
        {
            reader.Mistake(node, $"{what} needs a duration, or stages that last longer than its warmup, of at most 24h");
            duration = TimeSpan.FromSeconds(1);
        }

        var requests = reader.List(entries.GetValueOrDefault("requests"), $"{what}.requests").Select(n => steps.ReadEntry(n, $"{what}.requests")).ToArray();
        if (requests.Length == 0)
        {
            reader.Mistake(node, $"{what} has no requests");
            requests = [new ScenarioEntry(1, [new Step { Name = "nothing", Method = "GET", Path = Template.Parse("/", Escaping.None) }])];
        }

        return new Scenario
        {
            Name = name,
            Model = Model(entries, node, stages, what, reader),
            StartAfter = reader.Time(entries.GetValueOrDefault("start"), $"{what}.start") ?? TimeSpan.Zero,
            After = reader.Text(entries.GetValueOrDefault("after"), $"{what}.after"),
            WarmUp = warmUp,
            Duration = duration.Value,
            Timeout = reader.Time(entries.GetValueOrDefault("timeout"), $"{what}.timeout") ?? timeout,
            MaxConnections = reader.Whole(entries.GetValueOrDefault("connections"), $"{what}.connections", 1, 60_000) ?? 1024,
            Seed = reader.Whole(entries.GetValueOrDefault("seed"), $"{what}.seed", 0, int.MaxValue) ?? 1,
            Cookies = reader.Flag(entries.GetValueOrDefault("cookies"), $"{what}.cookies") ?? false,
            Entries = requests,
        };
    }

    static LoadModel Model(Dictionary<string, YamlNode> entries, YamlNode node, List<Stage> stages, string what, NodeReader reader)
    {
        if (entries.ContainsKey("rate") == entries.ContainsKey("users"))
        {
            reader.Mistake(node, $"{what} needs one of rate (requests per second), users or replay; with stages they give the first level");
            return LoadModel.Rate(1);
        }

        if (entries.TryGetValue("rate", out var rate))
        {
            foreach (var key in new[] { "think", "requests-limit" }.Where(entries.ContainsKey))
            {
                reader.Mistake(entries[key], $"{what}: {key} belongs to users, not to rate");
            }

            var poisson = reader.OneOf(entries.GetValueOrDefault("arrivals"), $"{what}.arrivals", "even", "poisson") == "poisson";
            var level = reader.Number(rate, $"{what}.rate", 0, MaxRate) ?? 1;
            var open = stages.Count > 0 ? new ArrivalModel(stages) : LoadModel.Rate(level);
            return open with { Spacing = poisson ? ArrivalSpacing.Poisson : ArrivalSpacing.Even, Seed = reader.Whole(entries.GetValueOrDefault("seed"), $"{what}.seed", 0, int.MaxValue) ?? 1 };
        }

        if (entries.TryGetValue("arrivals", out var arrivals))
        {
            reader.Mistake(arrivals, $"{what}: arrivals belongs to rate, not to users");
        }

        var (least, most) = Think(entries.GetValueOrDefault("think"), what, reader);
        var users = reader.Whole(entries["users"], $"{what}.users", 0, (int)MaxUsers) ?? 1;
        var closed = stages.Count > 0 ? new UserModel(stages) : LoadModel.Users(users);
        return closed with
        {
            ThinkMin = least,
            ThinkMax = most,
            Requests = reader.Whole(entries.GetValueOrDefault("requests-limit"), $"{what}.requests-limit", 1, int.MaxValue),
        };
    }

    /// <summary>Stages begin at the scenario's level and each goes to its <c>target</c>: in a straight line, or at once with <c>step: true</c>.</summary>
    static List<Stage> Stages(Dictionary<string, YamlNode> entries, string what, NodeReader reader)
    {
        var stages = new List<Stage>();
        var key = entries.ContainsKey("users") ? "users" : "rate";
        var most = key == "users" ? MaxUsers : MaxRate;
        var level = reader.Number(entries.GetValueOrDefault(key), $"{what}.{key}", 0, most) ?? 0;
        foreach (var node in reader.List(entries.GetValueOrDefault("stages"), $"{what}.stages"))
        {
            var stage = reader.Mapping(node, $"{what}.stages", "target", "duration", "step");
            var target = reader.Number(stage.GetValueOrDefault("target"), $"{what}.stages.target", 0, most);
            var duration = reader.Time(stage.GetValueOrDefault("duration"), $"{what}.stages.duration");
            if (target is null || duration is null || duration <= TimeSpan.Zero)
            {
                reader.Mistake(node, $"{what}: a stage needs a target and a duration above 0");
                continue;
            }

            var atOnce = reader.Flag(stage.GetValueOrDefault("step"), $"{what}.stages.step") ?? false;
            stages.Add(atOnce || level == target ? Stage.Hold(target.Value, duration.Value) : Stage.Ramp(level, target.Value, duration.Value));
            level = target.Value;
        }

        return stages;
    }

    static (TimeSpan Least, TimeSpan Most) Think(YamlNode? node, string what, NodeReader reader)
    {
        var text = reader.Text(node, $"{what}.think");
        if (text is null)
        {
            return default;
        }

        var parts = text.Split("..");
        if (parts.Length <= 2 && DurationText.TryParse(parts[0].Trim(), out var least) && DurationText.TryParse(parts[^1].Trim(), out var most) && least <= most)
        {
            return (least, most);
        }

        reader.Mistake(node!, $"{what}.think is '{text}'; a duration such as 1s, or a range such as 1s..3s, is expected");
        return default;
    }
}
