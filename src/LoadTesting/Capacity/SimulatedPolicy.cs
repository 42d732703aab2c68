using Fettle.LoadTesting.Scaling;

namespace Fettle.LoadTesting.Capacity;

/// <summary>A scaler as its vendor documents it, seen second by second.</summary>
abstract class SimulatedPolicy
{
    /// <summary>How many instances it wants from now on.</summary>
    public abstract int Wanted(PolicyView view);

    /// <summary>The mean of the last values, one per second.</summary>
    protected sealed class Mean(int seconds)
    {
        readonly Queue<double> _values = new();
        double _sum;

        public double Value => _values.Count == 0 ? 0 : _sum / _values.Count;

        public void Add(double value)
        {
            _values.Enqueue(value);
            _sum += value;
            if (_values.Count > seconds)
            {
                _sum -= _values.Dequeue();
            }
        }
    }
}

/// <summary>The rule of <c>fettle scale run</c>.</summary>
sealed class StepPolicy(ScalingRuleOptions options) : SimulatedPolicy
{
    readonly ScalingRule _rule = new(options);

    public override int Wanted(PolicyView view) => view.Instances + (_rule.Observe(view.Second, view.CpuPercent, view.Instances)?.Change ?? 0);
}

/// <summary>
/// Kubernetes' HorizontalPodAutoscaler, and KEDA, which makes one: every 15 s <c>ceil(ready × current / target)</c> for each metric, a
/// tenth of tolerance, the largest wins; the stabilisation windows take the smallest (up) and the largest (down) of the recent wishes;
/// the behaviour's policies bound the change per period.
/// </summary>
sealed class HorizontalAutoscaler(IReadOnlyList<Func<PolicyView, double>> ratios, int upWindow, int downWindow, int upPeriod, int downPeriod) : SimulatedPolicy
{
    const int Sync = 15;
    const double Tolerance = 0.1;
    const int MetricSeconds = 60;

    readonly Mean[] _means = [.. ratios.Select(_ => new Mean(MetricSeconds))];
    readonly Queue<(int At, int Wish)> _wishes = new();
    readonly Queue<(int At, int Change)> _changes = new();

    public override int Wanted(PolicyView view)
    {
        for (var i = 0; i < ratios.Count; i++)
        {
            _means[i].Add(view.Ready * ratios[i](view)); // The work of all, so that an instance that was just added changes nothing.
        }

        if (view.Second % Sync != 0 || view.Second < MetricSeconds)
        {
            return view.Instances;
        }

        var wish = _means.Max(m => Math.Abs(m.Value / view.Instances - 1) <= Tolerance ? view.Instances : (int)Math.Ceiling(m.Value - 1e-9));
        _wishes.Enqueue((view.Second, wish));
        while (_wishes.Peek().At < view.Second - Math.Max(upWindow, downWindow))
        {
            _wishes.Dequeue();
        }

        var up = _wishes.Where(w => w.At >= view.Second - upWindow).Min(w => w.Wish);
        var down = _wishes.Where(w => w.At >= view.Second - downWindow).Max(w => w.Wish);
        var wanted = up > view.Instances ? Math.Min(up, 2 * (view.Instances - Changed(view.Second - upPeriod, 1)))
            : down < view.Instances ? Math.Max(down, view.Instances - Changed(view.Second - downPeriod, -1) - 1)
            : view.Instances;
        // A bound of the past period never turns the direction.
        wanted = up > view.Instances ? Math.Max(wanted, view.Instances) : Math.Min(wanted, view.Instances);
        if (wanted != view.Instances)
        {
            _changes.Enqueue((view.Second, wanted - view.Instances));
        }

        return wanted;
    }

    int Changed(int since, int direction)
    {
        while (_changes.TryPeek(out var oldest) && oldest.At <= since - 3600)
        {
            _changes.Dequeue();
        }

        return _changes.Where(c => c.At > since && Math.Sign(c.Change) == direction).Sum(c => c.Change);
    }
}

/// <summary>
/// AWS: target tracking takes out, in proportion, when three one-minute values in a row are above the target, after the cool-down. In goes
/// a step policy, one at a time, when fifteen one-minute values of the processor use in a row are below its alarm. Target tracking's own
/// scale-in is off: it begins at 90 % of the target, which for fewer than ten instances is above the use that would follow.
/// </summary>
sealed class TargetTracking(IReadOnlyList<Func<PolicyView, double>> ratios, double scaleInCpu, int outCooldown, int inCooldown) : SimulatedPolicy
{
    const int Above = 3;
    const int Below = 15;

    readonly Mean[] _minute = [.. ratios.Select(_ => new Mean(60))];
    readonly List<double>[] _values = [.. ratios.Select(_ => new List<double>())];
    readonly Mean _cpuMinute = new(60);
    int _minutesBelow;
    int _lastOut = int.MinValue / 2;
    int _lastChange = int.MinValue / 2;

    public override int Wanted(PolicyView view)
    {
        _cpuMinute.Add(view.CpuPercent);
        for (var i = 0; i < ratios.Count; i++)
        {
            _minute[i].Add(ratios[i](view));
        }

        if (view.Second % 60 != 59)
        {
            return view.Instances;
        }

        _minutesBelow = _cpuMinute.Value < scaleInCpu ? _minutesBelow + 1 : 0;
        for (var i = 0; i < ratios.Count; i++)
        {
            _values[i].Add(_minute[i].Value);
        }

        var up = _values.Where(v => v.Count >= Above && v[^Above..].All(x => x > 1)).Select(v => (int)Math.Ceiling(view.Ready * v[^1])).DefaultIfEmpty(0).Max();
        if (up > view.Instances && view.Second - _lastOut >= outCooldown)
        {
            (_lastOut, _lastChange) = (view.Second, view.Second);
            return up;
        }

        if (_minutesBelow >= Below && view.Second - _lastChange >= inCooldown)
        {
            _lastChange = view.Second;
            return view.Instances - 1;
        }

        return view.Instances;
    }
}

/// <summary>GCP's autoscaler: the size that the highest use of the last ten minutes needs, less at most one within the scale-in control's window.</summary>
sealed class ManagedInstanceGroup(IReadOnlyList<Func<PolicyView, double>> ratios, int scaleInWindow) : SimulatedPolicy
{
    const int Stabilisation = 600;
    const int Every = 15;

    readonly Mean[] _means = [.. ratios.Select(_ => new Mean(60))];
    readonly Queue<(int At, int Size)> _needed = new();
    readonly Queue<(int At, int Size)> _sizes = new();

    public override int Wanted(PolicyView view)
    {
        for (var i = 0; i < ratios.Count; i++)
        {
            _means[i].Add(view.Ready * ratios[i](view));
        }

        if (view.Second % Every != 0 || view.Second < 60)
        {
            return view.Instances;
        }

        _needed.Enqueue((view.Second, _means.Max(m => (int)Math.Ceiling(m.Value - 1e-9))));
        _sizes.Enqueue((view.Second, view.Instances));
        while (_needed.Peek().At < view.Second - Stabilisation)
        {
            _needed.Dequeue();
        }

        while (_sizes.Peek().At < view.Second - scaleInWindow)
        {
            _sizes.Dequeue();
        }

        var needed = _needed.Max(n => n.Size);
        return needed >= view.Instances ? needed : Math.Min(view.Instances, Math.Max(needed, _sizes.Max(s => s.Size) - 1));
    }
}
