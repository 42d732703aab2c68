using System.Globalization;

namespace Fettle.LoadTesting.Scaling;

/// <summary>When an instance is added or removed.</summary>
public sealed record ScalingRuleOptions
{
    /// <summary>Fewest instances, 1 to 100; default 2.</summary>
    public int MinInstances
    {
        get;
        set => field = Throw.InRange(value, 1, 100, nameof(MinInstances));
    } = 2;

    /// <summary>Most instances, 1 to 100; default 10.</summary>
    public int MaxInstances
    {
        get;
        set => field = Throw.InRange(value, 1, 100, nameof(MaxInstances));
    } = 10;

    /// <summary>Mean processor use in percent of what the instances may use, above which one is added; 1 to 100, default 70.</summary>
    public double ScaleOutCpu
    {
        get;
        set => field = Throw.InRange(value, 1, 100, nameof(ScaleOutCpu));
    } = 70;

    /// <summary>Mean processor use in percent below which one is removed; 0 to 99, default 50.</summary>
    public double ScaleInCpu
    {
        get;
        set => field = Throw.InRange(value, 0, 99, nameof(ScaleInCpu));
    } = 50;

    /// <summary>How long the use has to stay there; default 2 min, from 100 ms to an hour.</summary>
    public TimeSpan Window
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1), nameof(Window));
    } = TimeSpan.FromMinutes(2);

    /// <summary>Time after an addition before the next one; default 300 s, at most a day.</summary>
    public TimeSpan ScaleOutCooldown
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.Zero, TimeSpan.FromDays(1), nameof(ScaleOutCooldown));
    } = TimeSpan.FromSeconds(300);

    /// <summary>Time after any change before a removal; default 600 s, at most a day.</summary>
    public TimeSpan ScaleInCooldown
    {
        get;
        set => field = Throw.InRange(value, TimeSpan.Zero, TimeSpan.FromDays(1), nameof(ScaleInCooldown));
    } = TimeSpan.FromSeconds(600);
}

/// <summary>What the rule asks for.</summary>
/// <param name="Change">+1 adds an instance, −1 removes one.</param>
/// <param name="Cause">The measured reason in words.</param>
public sealed record ScalingDecision(int Change, string Cause);

/// <summary>
/// Adds an instance when the mean processor use over the window is above one bound, removes one when it is below the other. The window
/// begins anew after each change, so that no sample counts twice; one is removed only when the others would then stay a tenth below
/// the upper bound, since a removal that calls for an addition is flapping. The simulation of a plan and <c>fettle scale run</c> use this same rule.
/// </summary>
public sealed class ScalingRule
{
    const double Margin = 0.9;

    readonly ScalingRuleOptions _options;
    readonly Queue<(double At, double Cpu)> _window = new();
    double _sum;
    double _since = double.NaN;
    double _lastOut = double.NegativeInfinity;
    double _lastChange = double.NegativeInfinity;

    /// <param name="options">The bounds; copied.</param>
    /// <exception cref="ArgumentException">The bounds contradict each other.</exception>
    public ScalingRule(ScalingRuleOptions options)
    {
        _options = options with { };
        if (options.MinInstances > options.MaxInstances)
        {
            Throw.Invalid(nameof(options.MinInstances), options.MinInstances.ToString(CultureInfo.InvariantCulture), $"it is at most MaxInstances, {options.MaxInstances}");
        }

        if (options.ScaleInCpu >= options.ScaleOutCpu)
        {
            Throw.Invalid(nameof(options.ScaleInCpu), options.ScaleInCpu.ToString(CultureInfo.InvariantCulture), $"it is below ScaleOutCpu, {options.ScaleOutCpu.ToString(CultureInfo.InvariantCulture)}");
        }
    }

    /// <summary>Takes one sample and says what to do; null for nothing.</summary>
    /// <param name="seconds">When; ascending.</param>
    /// <param name="cpuPercent">Mean use of the instances in percent of what they may use.</param>
    /// <param name="instances">How many there are.</param>
    public ScalingDecision? Observe(double seconds, double cpuPercent, int instances)
    {
        var length = _options.Window.TotalSeconds;
        _since = double.IsNaN(_since) ? seconds : _since;
        _window.Enqueue((seconds, cpuPercent));
        _sum += cpuPercent;
        while (_window.Peek().At <= seconds - length)
        {
            _sum -= _window.Dequeue().Cpu;
        }

        if (seconds - _since < length)
        {
            return null;
        }

        var mean = _sum / _window.Count;
        if (mean > _options.ScaleOutCpu && instances < _options.MaxInstances && seconds - _lastOut >= _options.ScaleOutCooldown.TotalSeconds)
        {
            _lastOut = seconds;
            return Change(seconds, 1, string.Create(CultureInfo.InvariantCulture, $"CPU {mean:0} % over {length:0.#} s, above {_options.ScaleOutCpu:0.#} %"));
        }

        var after = instances > 1 ? mean * instances / (instances - 1) : double.PositiveInfinity;
        if (mean < _options.ScaleInCpu && instances > _options.MinInstances && seconds - _lastChange >= _options.ScaleInCooldown.TotalSeconds && after < Margin * _options.ScaleOutCpu)
        {
            return Change(seconds, -1, string.Create(CultureInfo.InvariantCulture, $"CPU {mean:0} % over {length:0.#} s, below {_options.ScaleInCpu:0.#} %"));
        }

        return null;
    }

    ScalingDecision Change(double seconds, int change, string cause)
    {
        _lastChange = seconds;
        _window.Clear();
        (_sum, _since) = (0, double.NaN);
        return new ScalingDecision(change, cause);
    }
}
