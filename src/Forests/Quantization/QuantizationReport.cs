namespace Fettle.Forests;

/// <summary>
/// How two forms of a model agree on the same rows. The label of a row is the class of the largest output, the class itself where the model answers with one,
/// or 1 when a single output is at least 0.5. Single outputs that leave 0…1 are no probabilities: they have no labels and are judged by their spread.
/// </summary>
/// <param name="Rows">Rows compared.</param>
/// <param name="SameBits">Rows whose outputs are equal to the last bit.</param>
/// <param name="LabelAgreement">Share of rows with the same label; NaN where outputs are no classes.</param>
/// <param name="F1Before">F1 of the original (macro-averaged over classes); 1 when no labels are given, for the original is then the truth; NaN where outputs are no classes.</param>
/// <param name="F1After">F1 of the other form against the same truth.</param>
/// <param name="AucBefore">Area under the ROC curve; NaN without labels or with several classes.</param>
/// <param name="AucAfter">The same for the other form.</param>
/// <param name="LogLossBefore">Mean negative log-likelihood; NaN without labels.</param>
/// <param name="LogLossAfter">The same for the other form.</param>
/// <param name="LargestDifference">Largest difference of an output.</param>
/// <param name="SpreadLoss">Root of the mean squared difference as a share of the original outputs' standard deviation.</param>
public sealed record QuantizationReport(
    int Rows, int SameBits, double LabelAgreement, double F1Before, double F1After, double AucBefore, double AucAfter,
    double LogLossBefore, double LogLossAfter, double LargestDifference, double SpreadLoss)
{
    /// <summary>The loss of F1 above which a lossy form is refused.</summary>
    public const double AllowedF1Loss = 0.01;

    /// <summary>The <see cref="SpreadLoss"/> above which a lossy form of a model without classes is refused.</summary>
    public const double AllowedSpreadLoss = 0.01;

    /// <summary>Held-out rows that a report needs to be worth a decision.</summary>
    public const int EnoughRows = 10_000;

    /// <summary>Whether outputs are classes or probabilities of classes.</summary>
    public bool HasClasses => !double.IsNaN(F1Before);

    /// <summary>F1 lost, 0 when the other form is better; NaN where outputs are no classes.</summary>
    public double F1Loss => Math.Max(0, F1Before - F1After);

    /// <summary>False when the other form loses more than <see cref="AllowedF1Loss"/>, or <see cref="AllowedSpreadLoss"/> where outputs are no classes.</summary>
    public bool Acceptable => HasClasses ? F1Loss <= AllowedF1Loss : SpreadLoss <= AllowedSpreadLoss;

    /// <summary>Runs both forms over the rows.</summary>
    /// <param name="before">The original.</param>
    /// <param name="after">The other form.</param>
    /// <param name="rows">[count][features].</param>
    /// <param name="count">Rows.</param>
    /// <param name="labels">Class of each row, or empty: then the original's labels are the truth.</param>
    /// <exception cref="ArgumentException">The two models do not have the same features and outputs, or labels do not match the rows or the model.</exception>
    public static QuantizationReport Compare(Forest before, Forest after, ReadOnlySpan<float> rows, int count, ReadOnlySpan<int> labels)
    {
        if (before.OutputCount != after.OutputCount || before.FeatureCount < after.FeatureCount)
        {
            throw new ArgumentException($"the models have {before.OutputCount} and {after.OutputCount} outputs, {before.FeatureCount} and {after.FeatureCount} features");
        }

        if (count < 1 || (labels.Length > 0 && labels.Length != count))
        {
            throw new ArgumentException($"{count} rows and {labels.Length} labels; at least one row and as many labels as rows, or none, are needed");
        }

        var width = before.OutputCount;
        var (a, b) = (new double[count * width], new double[count * width]);
        before.Predict(rows, count, a);
        after.Predict(rows, count, b);
        var named = before.Model.Link == ForestLink.ArgMax;
        var classes = width > 1 || named || a.All(p => p is >= 0 and <= 1);
        if (!classes && labels.Length > 0)
        {
            throw new ArgumentException("labels are classes, and the model's outputs are no probabilities of any");
        }

        var (labelsBefore, labelsAfter) = classes ? (Labels(a, width, named), Labels(b, width, named)) : ([], []);
        var truth = labels.Length > 0 ? labels.ToArray() : labelsBefore;
        var scored = labels.Length > 0 && !named;
        var binary = width == 1 && scored;
        return new QuantizationReport(
            count,
            Enumerable.Range(0, count).Count(r => Enumerable.Range(r * width, width).All(i => BitConverter.DoubleToInt64Bits(a[i]) == BitConverter.DoubleToInt64Bits(b[i]))),
            classes ? labelsBefore.Zip(labelsAfter).Count(p => p.First == p.Second) / (double)count : double.NaN,
            classes ? F1(truth, labelsBefore) : double.NaN,
            classes ? F1(truth, labelsAfter) : double.NaN,
            binary ? Auc(truth, a) : double.NaN,
            binary ? Auc(truth, b) : double.NaN,
            scored ? LogLoss(truth, a, width) : double.NaN,
            scored ? LogLoss(truth, b, width) : double.NaN,
            a.Zip(b).Max(p => Math.Abs(p.First - p.Second)),
            Spread(a, b));
    }

    /// <summary>0 for equal outputs, whatever they are; infinite where outputs that are all alike move.</summary>
    static double Spread(double[] before, double[] after)
    {
        var mean = before.Average();
        double moved = 0, spread = 0;
        for (var i = 0; i < before.Length; i++)
        {
            moved += (after[i] - before[i]) * (after[i] - before[i]);
            spread += (before[i] - mean) * (before[i] - mean);
        }

        return moved == 0 ? 0 : Math.Sqrt(moved / spread);
    }

    /// <summary>
    /// The largest change of a margin that quantised leaves can cause: half a step per tree that adds to it.
    /// </summary>
    public static double WorstCaseMargin(ForestModel model, LeafPrecision precision) => precision == LeafPrecision.Exact || model.TreeCount == 0
        ? 0
        : Formats.FettleWriter.LeafStep(model, precision) / 2 * model.TreeMargins.GroupBy(m => m).Max(g => g.Count()) / model.AverageOver;

    static int[] Labels(double[] outputs, int width, bool named)
    {
        var labels = new int[outputs.Length / width];
        for (var r = 0; r < labels.Length; r++)
        {
            var row = outputs.AsSpan(r * width, width);
            labels[r] = width > 1 ? Largest(row) : named ? (int)row[0] : row[0] >= 0.5 ? 1 : 0;
        }

        return labels;
    }

    static int Largest(ReadOnlySpan<double> row)
    {
        var best = 0;
        for (var i = 1; i < row.Length; i++)
        {
            best = row[i] > row[best] ? i : best;
        }

        return best;
    }

    /// <summary>Of class 1 for two classes, else the mean over classes that occur.</summary>
    static double F1(int[] truth, int[] labels)
    {
        var classes = truth.Concat(labels).Distinct().ToArray();
        if (classes.All(c => c is 0 or 1))
        {
            classes = [1];
        }

        return classes.Average(c =>
        {
            int hit = 0, extra = 0, missed = 0;
            for (var i = 0; i < truth.Length; i++)
            {
                hit += truth[i] == c && labels[i] == c ? 1 : 0;
                extra += truth[i] != c && labels[i] == c ? 1 : 0;
                missed += truth[i] == c && labels[i] != c ? 1 : 0;
            }

            return hit + extra + missed == 0 ? 1.0 : 2.0 * hit / (2.0 * hit + extra + missed);
        });
    }

    /// <summary>Probability that a positive row ranks above a negative one, ties counting half.</summary>
    static double Auc(int[] truth, double[] scores)
    {
        var order = Enumerable.Range(0, truth.Length).OrderBy(i => scores[i]).ToArray();
        double positives = truth.Count(t => t == 1), negatives = truth.Length - positives, sum = 0;
        for (var start = 0; start < order.Length;)
        {
            var end = start;
            while (end < order.Length && scores[order[end]] == scores[order[start]])
            {
                end++;
            }

            var rank = (start + end + 1) / 2.0;
            sum += rank * order[start..end].Count(i => truth[i] == 1);
            start = end;
        }

        return positives == 0 || negatives == 0 ? double.NaN : (sum - positives * (positives + 1) / 2) / (positives * negatives);
    }

    static double LogLoss(int[] truth, double[] outputs, int width)
    {
        double sum = 0;
        for (var r = 0; r < truth.Length; r++)
        {
            var p = width == 1 ? (truth[r] == 1 ? outputs[r] : 1 - outputs[r]) : outputs[r * width + Math.Clamp(truth[r], 0, width - 1)];
            sum -= Math.Log(Math.Clamp(p, 1e-15, 1));
        }

        return sum / truth.Length;
    }
}
