using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Fettle.Forests.Kernels;

namespace Fettle.Forests;

public sealed partial class Forest
{
    /// <summary>Rows are worked in pieces of this many margins, so that scratch stays on the stack.</summary>
    const int StackMargins = 256;

    /// <summary>Small enough that the last piece keeps nobody waiting for long; a piece is at least one block.</summary>
    const int PiecesPerThread = 32;

    /// <summary>Margins of this many rows are kept between the trees and the link.</summary>
    const int ChunkRows = 2048;

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
        if (count >= ParallelFrom)
        {
            RunParallel(rows, count, outputs, width, link);
        }
        else
        {
            RunRows(rows, count, outputs, width, link);
        }
    }

    /// <summary>The threads, the calling one among them, take pieces of whole blocks until none is left, so that one that is held up delays nobody.</summary>
    unsafe void RunParallel<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> outputs, int width, bool link)
        where TRow : unmanaged
        where TOut : unmanaged
    {
        var block = _compiled.Block?.BlockRows ?? 1;
        var piece = Math.Max(1, count / (_options.Threads * PiecesPerThread * block)) * block;
        var threads = Math.Min(_options.Threads, (count + piece - 1) / piece);
        fixed (TRow* row = rows)
        fixed (TOut* output = outputs)
        {
            var (firstRow, firstOutput, next) = ((nint)row, (nint)output, 0);
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ =>
            {
                for (var start = Interlocked.Add(ref next, piece) - piece; start < count; start = Interlocked.Add(ref next, piece) - piece)
                {
                    var length = Math.Min(piece, count - start);
                    RunRows(
                        new ReadOnlySpan<TRow>((TRow*)firstRow + (nint)start * FeatureCount, length * FeatureCount),
                        length,
                        new Span<TOut>((TOut*)firstOutput + (nint)start * width, length * width),
                        width,
                        link);
                }
            });
        }
    }

    void RunRows<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> outputs, int width, bool link)
        where TRow : unmanaged
        where TOut : unmanaged
    {
        if (Model.Arithmetic == ForestArithmetic.Double)
        {
            RunChunks<TRow, double, TOut>(rows, count, outputs, width, link);
        }
        else if (typeof(TRow) == typeof(float))
        {
            RunChunks<TRow, float, TOut>(rows, count, outputs, width, link);
        }
        else
        {
            RunRounded(rows, count, outputs, width, link);
        }
    }

    /// <summary>float64 rows of a float32 model, rounded as the trainer rounds them.</summary>
    void RunRounded<TRow, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> outputs, int width, bool link)
        where TRow : unmanaged
        where TOut : unmanaged
    {
        var chunk = Math.Max(1, Math.Min(count, ChunkRows));
        var rounded = ArrayPool<float>.Shared.Rent(Math.Max(1, chunk * FeatureCount));
        for (var start = 0; start < count; start += chunk)
        {
            var length = Math.Min(chunk, count - start);
            var values = rounded.AsSpan(0, length * FeatureCount);
            Copy(rows.Slice(start * FeatureCount, length * FeatureCount), values);
            RunChunks<float, float, TOut>(values, length, outputs.Slice(start * width, length * width), width, link);
        }

        ArrayPool<float>.Shared.Return(rounded);
    }

    void RunChunks<TRow, TSum, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> outputs, int width, bool link)
        where TRow : unmanaged
        where TSum : unmanaged
        where TOut : unmanaged
    {
        // Sums of the output's type and as many as outputs need no room of their own.
        if (typeof(TSum) == typeof(TOut) && width == Model.MarginCount)
        {
            var sums = MemoryMarshal.Cast<TOut, TSum>(outputs[..(count * width)]);
            RunKernels(rows, count, sums);
            if (link)
            {
                LinkAll(sums);
            }
        }
        else
        {
            RunThroughScratch<TRow, TSum, TOut>(rows, count, outputs, width, link);
        }
    }

    [SkipLocalsInit]
    void RunThroughScratch<TRow, TSum, TOut>(ReadOnlySpan<TRow> rows, int count, Span<TOut> outputs, int width, bool link)
        where TRow : unmanaged
        where TSum : unmanaged
        where TOut : unmanaged
    {
        var margins = Model.MarginCount;
        var chunk = Math.Max(1, Math.Min(count, ChunkRows));
        var rented = chunk * margins > StackMargins ? ArrayPool<TSum>.Shared.Rent(chunk * margins) : null;
        Span<TSum> scratch = rented is null ? stackalloc TSum[StackMargins] : rented;
        var inBlocks = count >= _choice.BlockFrom;
        for (var start = 0; start < count; start += chunk)
        {
            var length = Math.Min(chunk, count - start);
            RunKernels(rows.Slice(start * FeatureCount, length * FeatureCount), length, scratch[..(length * margins)], inBlocks);
            if (link)
            {
                LinkAll(scratch[..(length * margins)]);
            }

            // Links leave fewer outputs than margins at the front of a row.
            var (parts, part) = width == margins ? (1, length * width) : (length, width);
            for (var r = 0; r < parts; r++)
            {
                Copy(scratch.Slice(r * margins, part), outputs.Slice(start * width + r * width, part));
            }
        }

        if (rented is not null)
        {
            ArrayPool<TSum>.Shared.Return(rented);
        }
    }

    /// <summary>Margins of all rows by the kernel that such a batch is fastest in.</summary>
    void RunKernels<TRow, TSum>(ReadOnlySpan<TRow> rows, int count, Span<TSum> margins, bool inBlocks = false) where TRow : unmanaged where TSum : unmanaged
    {
        if (inBlocks || count >= _choice.BlockFrom)
        {
            _compiled.Block!.Run(rows, count, margins);
        }
        else if (_choice.One == RowKernel.Walk || (count > 1 && _choice.WalkBatches))
        {
            _compiled.Walk!.Run(rows, count, margins);
        }
        else
        {
            var width = Model.MarginCount;
            for (var r = 0; r < count; r++)
            {
                RunRow(rows.Slice(r * FeatureCount, FeatureCount), margins.Slice(r * width, width));
            }
        }
    }

    void RunRow<TRow, TSum>(ReadOnlySpan<TRow> row, Span<TSum> margins) where TRow : unmanaged where TSum : unmanaged
    {
        if (typeof(TSum) == typeof(float))
        {
            var sums = MemoryMarshal.Cast<TSum, float>(margins);
            if (_choice.One == RowKernel.Lanes)
            {
                _compiled.Lanes!.Run(row, sums);
            }
            else if (_choice.One == RowKernel.Row)
            {
                _compiled.Row!.Single(row, sums);
            }
            else
            {
                PlainWalk.Single(Model, row, sums);
            }
        }
        else
        {
            var sums = MemoryMarshal.Cast<TSum, double>(margins);
            if (_choice.One == RowKernel.Lanes)
            {
                _compiled.Lanes!.Run(row, sums);
            }
            else if (_choice.One == RowKernel.Row)
            {
                _compiled.Row!.Double(row, sums);
            }
            else
            {
                PlainWalk.Double(Model, row, sums);
            }
        }
    }

    void LinkAll<TSum>(Span<TSum> margins) where TSum : unmanaged
    {
        var width = Model.MarginCount;
        if (width == 1)
        {
            if (typeof(TSum) == typeof(float))
            {
                Links.SingleColumn(Model, MemoryMarshal.Cast<TSum, float>(margins));
            }
            else
            {
                Links.DoubleColumn(Model, MemoryMarshal.Cast<TSum, double>(margins));
            }

            return;
        }

        for (var at = 0; at < margins.Length; at += width)
        {
            Link(margins.Slice(at, width));
        }
    }

    void Link<TSum>(Span<TSum> margins) where TSum : unmanaged
    {
        if (typeof(TSum) == typeof(float))
        {
            var row = MemoryMarshal.Cast<TSum, float>(margins);
            Links.Single(Model, row, row);
        }
        else
        {
            var row = MemoryMarshal.Cast<TSum, double>(margins);
            Links.Double(Model, row, row);
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
