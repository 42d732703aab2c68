using System.Buffers;
using Fettle.Forests.Kernels;

namespace Fettle.Forests;

public sealed partial class Forest
{
    /// <summary>Rows are worked in pieces of this many margins, so that scratch stays on the stack.</summary>
    const int StackMargins = 256;

    /// <summary>The prediction of one row of a model with one output.</summary>
    /// <param name="row"><see cref="FeatureCount"/> values, missing ones as NaN.</param>
    /// <exception cref="ArgumentException">The row is too short.</exception>
    /// <exception cref="InvalidOperationException">The model has several outputs.</exception>
    public float Predict(ReadOnlySpan<float> row)
    {
        Span<float> output = stackalloc float[1];
        Predict(row, 1, OneOutput(output));
        return output[0];
    }

    /// <summary>The prediction of one row of a model with one output; float32 models round the values to float32 first, as their trainer does.</summary>
    /// <inheritdoc cref="Predict(ReadOnlySpan{float})"/>
    public double Predict(ReadOnlySpan<double> row)
    {
        Span<double> output = stackalloc double[1];
        Predict(row, 1, OneOutput(output));
        return output[0];
    }

    /// <summary>The margin of one row of a model with one margin.</summary>
    /// <inheritdoc cref="Predict(ReadOnlySpan{float})"/>
    public float PredictMargin(ReadOnlySpan<float> row)
    {
        Span<float> margin = stackalloc float[1];
        PredictMargin(row, 1, OneMargin(margin));
        return margin[0];
    }

    /// <summary>The margin of one row of a model with one margin.</summary>
    /// <inheritdoc cref="Predict(ReadOnlySpan{double})"/>
    public double PredictMargin(ReadOnlySpan<double> row)
    {
        Span<double> margin = stackalloc double[1];
        PredictMargin(row, 1, OneMargin(margin));
        return margin[0];
    }

    /// <summary>Predictions of several rows; allocates nothing on one thread.</summary>
    /// <param name="rows">Row after row, [count][FeatureCount], missing values as NaN.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="outputs">Receives [count][OutputCount]; double models are rounded to float32 at the end.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public void Predict(ReadOnlySpan<float> rows, int count, Span<float> outputs) => Run(rows, count, outputs, OutputCount, link: true);

    /// <summary>Predictions of several rows in float64.</summary>
    /// <inheritdoc cref="Predict(ReadOnlySpan{float}, int, Span{float})"/>
    public void Predict(ReadOnlySpan<float> rows, int count, Span<double> outputs) => Run(rows, count, outputs, OutputCount, link: true);

    /// <summary>Predictions of several float64 rows.</summary>
    /// <inheritdoc cref="Predict(ReadOnlySpan{float}, int, Span{float})"/>
    public void Predict(ReadOnlySpan<double> rows, int count, Span<double> outputs) => Run(rows, count, outputs, OutputCount, link: true);

    /// <summary>Margins of several rows: [count][MarginCount].</summary>
    /// <inheritdoc cref="Predict(ReadOnlySpan{float}, int, Span{float})"/>
    public void PredictMargin(ReadOnlySpan<float> rows, int count, Span<float> margins) => Run(rows, count, margins, Model.MarginCount, link: false);

    /// <summary>Margins of several rows in float64.</summary>
    /// <inheritdoc cref="PredictMargin(ReadOnlySpan{float}, int, Span{float})"/>
    public void PredictMargin(ReadOnlySpan<float> rows, int count, Span<double> margins) => Run(rows, count, margins, Model.MarginCount, link: false);

    /// <summary>Margins of several float64 rows.</summary>
    /// <inheritdoc cref="PredictMargin(ReadOnlySpan{float}, int, Span{float})"/>
    public void PredictMargin(ReadOnlySpan<double> rows, int count, Span<double> margins) => Run(rows, count, margins, Model.MarginCount, link: false);

    Span<T> OneOutput<T>(Span<T> output)
    {
        if (OutputCount != 1)
        {
            Throw.SeveralOutputs(OutputCount);
        }

        return output;
    }

    Span<T> OneMargin<T>(Span<T> margin)
    {
        if (Model.MarginCount != 1)
        {
            Throw.SeveralOutputs(Model.MarginCount);
        }

        return margin;
    }

    void Check(int rowValues, int count, int outputs, int width)
    {
        if (count < 0)
        {
            Throw.NegativeCount(count);
        }

        if ((long)count * FeatureCount > rowValues)
        {
            if (count == 1)
            {
                Throw.RowTooShort(rowValues, FeatureCount);
            }

            Throw.RowsTooShort(rowValues, count, FeatureCount);
        }

        if ((long)count * width > outputs)
        {
            Throw.OutputsTooShort(outputs, count, width);
        }
    }

    void Run<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> outputs, int width, bool link)
        where TRow : unmanaged
        where TOut : unmanaged
    {
        Check(rows.Length, count, outputs.Length, width);
        if (Model.Arithmetic == ForestArithmetic.Single)
        {
            RunSingle(rows, count, outputs, width, link);
        }
        else
        {
            RunDouble(rows, count, outputs, width, link);
        }
    }

    void RunSingle<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> outputs, int width, bool link)
        where TRow : unmanaged
        where TOut : unmanaged
    {
        var margins = Model.MarginCount;
        var rented = margins > StackMargins ? ArrayPool<float>.Shared.Rent(margins) : null;
        Span<float> scratch = rented is null ? stackalloc float[StackMargins] : rented;
        scratch = scratch[..margins];
        var rounded = typeof(TRow) == typeof(double) ? ArrayPool<float>.Shared.Rent(Math.Max(1, FeatureCount)) : null;
        for (var r = 0; r < count; r++)
        {
            var row = rows.Slice(r * FeatureCount, FeatureCount);
            if (rounded is null)
            {
                PlainWalk.Single(Model, row, scratch);
            }
            else
            {
                Copy(row, rounded.AsSpan());
                PlainWalk.Single<float>(Model, rounded.AsSpan(0, FeatureCount), scratch);
            }

            if (link)
            {
                Links.Single(Model, scratch, scratch);
            }

            Copy(scratch[..width], outputs.Slice(r * width, width));
        }

        if (rounded is not null)
        {
            ArrayPool<float>.Shared.Return(rounded);
        }

        if (rented is not null)
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    void RunDouble<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> outputs, int width, bool link)
        where TRow : unmanaged
        where TOut : unmanaged
    {
        var margins = Model.MarginCount;
        var rented = margins > StackMargins ? ArrayPool<double>.Shared.Rent(margins) : null;
        Span<double> scratch = rented is null ? stackalloc double[StackMargins] : rented;
        scratch = scratch[..margins];
        for (var r = 0; r < count; r++)
        {
            PlainWalk.Double(Model, rows.Slice(r * FeatureCount, FeatureCount), scratch);
            if (link)
            {
                Links.Double(Model, scratch, scratch);
            }

            Copy(scratch[..width], outputs.Slice(r * width, width));
        }

        if (rented is not null)
        {
            ArrayPool<double>.Shared.Return(rented);
        }
    }

    static void Copy<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to) where TFrom : unmanaged where TTo : unmanaged
    {
        for (var i = 0; i < from.Length; i++)
        {
            to[i] = typeof(TFrom) == typeof(TTo) ? (TTo)(object)from[i]
                : typeof(TFrom) == typeof(float) ? (TTo)(object)(double)(float)(object)from[i]
                : (TTo)(object)(float)(double)(object)from[i];
        }
    }
}
