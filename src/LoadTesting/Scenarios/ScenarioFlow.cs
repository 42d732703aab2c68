using Fettle.LoadTesting.Engine;
using Fettle.LoadTesting.Engine.Http;

namespace Fettle.LoadTesting.Scenarios;

/// <summary>Plays a scenario for one actor: picks an entry by weight, sends its steps in order, keeps variables and cookies.</summary>
sealed class ScenarioFlow(Scenario scenario, FlowVariables variables) : Flow
{
    readonly Dictionary<string, string> _cookies = [];
    AnswerCapture? _capture;
    ScenarioEntry _entry = scenario.Entries[0];
    int _step;

    public FlowVariables Variables => variables;

    public override LoadRequest Begin()
    {
        variables.BeginIteration();
        _entry = scenario.Pick(variables.Random);
        _step = 0;
        return Render();
    }

    public override LoadRequest? Continue(in Answer answer, out TimeSpan pause)
    {
        var step = _entry.Steps[_step];
        pause = step.Think;
        if (answer.Capture is { } capture)
        {
            KeepCookies(capture);
        }

        // A step that failed ends the iteration: what follows would be made of what it did not give.
        if (answer.Error is not null || ++_step == _entry.Steps.Count)
        {
            return null;
        }

        return Render();
    }

    public override AnswerCapture? CaptureFor(LoadRequest request)
    {
        if (!scenario.Cookies && !_entry.Steps[_step].ReadsAnswer)
        {
            return null;
        }

        _capture ??= new AnswerCapture();
        _capture.Restart();
        return _capture;
    }

    public override string? FailedCheck(in Answer answer)
    {
        var step = _entry.Steps[_step];
        foreach (var check in step.Checks)
        {
            if (!check.Holds(answer.Status, answer.Capture))
            {
                return $"check failed: {check.Name}";
            }
        }

        foreach (var extraction in step.Extract)
        {
            if (extraction.Read(answer.Capture!) is not { } value)
            {
                return $"check failed: no value for {extraction.Variable}";
            }

            variables.Set(extraction.Variable, value);
        }

        return null;
    }

    LoadRequest Render() => _entry.Steps[_step].Render(variables, _cookies.Count == 0 ? null : string.Join("; ", _cookies.Select(c => $"{c.Key}={c.Value}")));

    void KeepCookies(AnswerCapture capture)
    {
        foreach (var (name, value) in capture.Headers)
        {
            if (scenario.Cookies && name.Equals("Set-Cookie", StringComparison.OrdinalIgnoreCase) && value.IndexOf('=') is > 0 and var equals)
            {
                var end = value.IndexOf(';') is >= 0 and var semicolon ? semicolon : value.Length;
                if (equals < end)
                {
                    var gone = value.Contains("Max-Age=0", StringComparison.OrdinalIgnoreCase);
                    _cookies[value[..equals].Trim()] = value[(equals + 1)..end].Trim();
                    if (gone)
                    {
                        _cookies.Remove(value[..equals].Trim());
                    }
                }
            }
        }
    }
}

/// <summary>Makes the flows of a scenario; each actor has its own seed.</summary>
sealed class ScenarioFlows(Scenario scenario, IReadOnlyDictionary<string, string> variables, IReadOnlyDictionary<string, Feed> feeds) : IFlowSource
{
    public Flow Create(int actor) => new ScenarioFlow(scenario, new FlowVariables(variables, feeds, actor, unchecked(scenario.Seed * 31 + actor)));
}
