namespace Fettle.Forests.Kernels;

/// <summary>Margins to predictions, in the trainer's type, operation order and constants.</summary>
internal static class Links
{
    /// <summary>XGBoost's transforms. <paramref name="outputs"/> may be the margins themselves.</summary>
    public static void Single(ForestModel model, ReadOnlySpan<float> margins, Span<float> outputs)
    {
        switch (model.Link)
        {
            case ForestLink.Softmax:
                Softmax(margins, outputs);
                return;
            case ForestLink.SoftmaxZero:
                SoftmaxZero(margins, outputs);
                return;
            case ForestLink.ArgMax:
                outputs[0] = ArgMax(margins);
                return;
        }

        for (var m = 0; m < margins.Length; m++)
        {
            outputs[m] = Single(model.Link, margins[m], (float)model.LinkScale);
        }
    }

    /// <summary>The same for models of one margin, row after row in place; the usual links in a loop of their own.</summary>
    public static void SingleColumn(ForestModel model, Span<float> margins)
    {
        var scale = (float)model.LinkScale;
        switch (model.Link)
        {
            case ForestLink.Identity:
                return;
            case ForestLink.Logistic:
                foreach (ref var margin in margins)
                {
                    margin = Logistic(margin * scale);
                }

                return;
            default:
                for (var r = 0; r < margins.Length; r++)
                {
                    Single(model, margins.Slice(r, 1), margins.Slice(r, 1));
                }

                return;
        }
    }

    /// <summary>LightGBM's transforms for models of one margin, row after row in place.</summary>
    public static void DoubleColumn(ForestModel model, Span<double> margins)
    {
        var scale = model.LinkScale;
        switch (model.Link)
        {
            case ForestLink.Identity:
                return;
            case ForestLink.Logistic:
                foreach (ref var margin in margins)
                {
                    margin = Logistic(scale * margin);
                }

                return;
            default:
                for (var r = 0; r < margins.Length; r++)
                {
                    Double(model, margins.Slice(r, 1), margins.Slice(r, 1));
                }

                return;
        }
    }

    /// <summary>LightGBM's transforms.</summary>
    public static void Double(ForestModel model, ReadOnlySpan<double> margins, Span<double> outputs)
    {
        switch (model.Link)
        {
            case ForestLink.Softmax:
                Softmax(margins, outputs);
                return;
            case ForestLink.ArgMax:
                outputs[0] = ArgMax(margins);
                return;
            case ForestLink.SoftmaxZero:
                Throw.NotSupported("SOFTMAX_ZERO exists for float32 models only");
                return;
        }

        for (var m = 0; m < margins.Length; m++)
        {
            outputs[m] = Double(model.Link, margins[m], model.LinkScale);
        }
    }

    static float Single(ForestLink link, float margin, float scale) => link switch
    {
        ForestLink.Logistic => Logistic(margin * scale),
        ForestLink.Exponential => MathF.Exp(margin),
        ForestLink.ExponentialInDouble => (float)Math.Exp(margin),
        ForestLink.Hinge => margin > 0 ? 1 : 0,
        ForestLink.LogOnePlusExponential => (float)LogOnePlus(Math.Exp(margin)),
        ForestLink.SignedSquare => MathF.CopySign(margin * margin, margin),
        ForestLink.Probit => (float)Normal.Quantile(margin),
        _ => margin,
    };

    static double Double(ForestLink link, double margin, double scale) => link switch
    {
        ForestLink.Logistic => Logistic(scale * margin),
        ForestLink.Exponential or ForestLink.ExponentialInDouble => Math.Exp(margin),
        ForestLink.Hinge => margin > 0 ? 1 : 0,
        ForestLink.LogOnePlusExponential => LogOnePlus(Math.Exp(margin)),
        ForestLink.SignedSquare => Math.CopySign(margin * margin, margin),
        ForestLink.Probit => Normal.Quantile(margin),
        _ => margin,
    };

    /// <summary>The exponent is capped where exp would overflow float32, as XGBoost does; its 1e-16 vanishes beside 1.</summary>
    static float Logistic(float margin) => 1.0f / (MathF.Exp(MathF.Min(-margin, 88.7f)) + 1.0f + 1e-16f);

    static double Logistic(double margin) => 1.0 / (1.0 + Math.Exp(-margin));

    /// <summary>log(1 + y) without losing small y (Higham, Accuracy and Stability of Numerical Algorithms, 1.14.1).</summary>
    static double LogOnePlus(double y)
    {
        var u = 1 + y;
        return double.IsInfinity(u) ? u : u == 1 ? y : Math.Log(u) * y / (u - 1);
    }

    static void Softmax(ReadOnlySpan<float> margins, Span<float> outputs)
    {
        var largest = margins[0];
        foreach (var margin in margins[1..])
        {
            largest = MathF.Max(margin, largest);
        }

        double sum = 0;
        for (var m = 0; m < margins.Length; m++)
        {
            outputs[m] = MathF.Exp(margins[m] - largest);
            sum += outputs[m];
        }

        for (var m = 0; m < margins.Length; m++)
        {
            outputs[m] /= (float)sum;
        }
    }

    static void Softmax(ReadOnlySpan<double> margins, Span<double> outputs)
    {
        var largest = margins[0];
        foreach (var margin in margins[1..])
        {
            largest = Math.Max(margin, largest);
        }

        double sum = 0;
        for (var m = 0; m < margins.Length; m++)
        {
            outputs[m] = Math.Exp(margins[m] - largest);
            sum += outputs[m];
        }

        for (var m = 0; m < margins.Length; m++)
        {
            outputs[m] /= sum;
        }
    }

    static void SoftmaxZero(ReadOnlySpan<float> margins, Span<float> outputs)
    {
        var largest = margins[0];
        foreach (var margin in margins[1..])
        {
            largest = MathF.Max(margin, largest);
        }

        float sum = 0;
        for (var m = 0; m < margins.Length; m++)
        {
            outputs[m] = margins[m] is > 1e-7f or < -1e-7f ? MathF.Exp(margins[m] - largest) : margins[m] * MathF.Exp(-largest);
            sum += outputs[m];
        }

        for (var m = 0; m < margins.Length; m++)
        {
            outputs[m] /= sum;
        }
    }

    static int ArgMax<T>(ReadOnlySpan<T> margins) where T : IComparable<T>
    {
        var best = 0;
        for (var m = 1; m < margins.Length; m++)
        {
            if (margins[m].CompareTo(margins[best]) > 0)
            {
                best = m;
            }
        }

        return best;
    }
}
