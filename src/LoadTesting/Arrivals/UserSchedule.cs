namespace Fettle.LoadTesting.Arrivals;

/// <summary>How many users a closed model has at a moment, and when that number may change next.</summary>
sealed class UserSchedule(IReadOnlyList<Stage> stages, int share = 0, int shares = 1)
{
    /// <summary>Users of this share at the moment; the last level holds after the last stage.</summary>
    public int At(double seconds)
    {
        var whole = (int)Math.Floor(LevelAt(seconds) + 1e-9);
        return (whole - share + shares - 1) / shares;
    }

    /// <summary>Seconds until the number may change: 10 ms within a ramp, else the rest of the stage.</summary>
    public double UntilChange(double seconds)
    {
        var start = 0.0;
        foreach (var stage in stages)
        {
            var end = start + stage.Duration.TotalSeconds;
            if (seconds < end)
            {
                return stage.From == stage.To ? end - seconds : 0.01;
            }

            start = end;
        }

        return double.PositiveInfinity;
    }

    double LevelAt(double seconds)
    {
        var start = 0.0;
        foreach (var stage in stages)
        {
            var length = stage.Duration.TotalSeconds;
            if (seconds < start + length)
            {
                return stage.From + (stage.To - stage.From) * (seconds - start) / length;
            }

            start += length;
        }

        return stages[^1].To;
    }
}
