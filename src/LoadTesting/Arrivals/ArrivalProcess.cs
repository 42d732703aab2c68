namespace Fettle.LoadTesting.Arrivals;

/// <summary>
/// Intended start times of an open model. With λ(t) the rate profile and Λ(t) its integral, arrival k is at Λ⁻¹(u_k):
/// u grows by 1 for even spacing and by Exp(1) for a Poisson process (the time-rescaling theorem), so every profile
/// has exact arrivals and none is lost between stages.
/// </summary>
sealed class ArrivalProcess : IArrivals
{
    readonly Stage[] _stages;
    readonly double _scale;
    readonly double _step;
    readonly Random? _random;
    int _stage;
    double _stageStart;
    double _before;
    double _u;

    /// <param name="model">Profile and spacing.</param>
    /// <param name="share">This generator's number among <paramref name="shares"/>; the shares interleave to the whole.</param>
    /// <param name="shares">How many generators divide the profile.</param>
    public ArrivalProcess(ArrivalModel model, int share = 0, int shares = 1)
    {
        _stages = [.. model.Stages];
        _random = model.Spacing == ArrivalSpacing.Poisson ? new Random(unchecked(model.Seed + share * 7919)) : null;
        if (_random is null)
        {
            // Even spacing: share i takes the arrivals i, i + n, i + 2n … of the whole.
            (_scale, _step, _u) = (1, shares, share + 0.5 - shares);
        }
        else
        {
            (_scale, _step) = (1.0 / shares, 1);
        }
    }

    /// <summary>Seconds from the start to the next arrival; false when the profile is over.</summary>
    public bool TryNext(out double seconds)
    {
        _u += _random is null ? _step : -Math.Log(1 - _random.NextDouble());
        while (_stage < _stages.Length)
        {
            var stage = _stages[_stage];
            var length = stage.Duration.TotalSeconds;
            var area = (stage.From + stage.To) / 2 * length * _scale;
            var rest = _u - _before;
            if (rest < area)
            {
                seconds = _stageStart + Invert(stage.From * _scale, stage.To * _scale, length, rest);
                return true;
            }

            _before += area;
            _stageStart += length;
            _stage++;
        }

        seconds = double.PositiveInfinity;
        return false;
    }

    /// <summary>Solves a·t + (b − a)/(2·length)·t² = area for t, in the form that is stable for b = a too.</summary>
    static double Invert(double a, double b, double length, double area)
    {
        var slope = (b - a) / length;
        return 2 * area / (a + Math.Sqrt(Math.Max(0, a * a + 2 * slope * area)));
    }
}
