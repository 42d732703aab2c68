using System.Text;

namespace Fettle.Forests;

/// <summary>
/// Seeded models in the trainers' own file formats, for benchmarks and tests where no trainer is at hand. Thresholds are drawn from a fixed set per
/// feature, as histogram training leaves them; leaves are small numbers around 0. The same options give the same bytes.
/// </summary>
public sealed record SyntheticModel
{
    /// <summary>Seed of shape, thresholds and leaves. Default: 1.</summary>
    public int Seed { get; set; } = 1;

    /// <summary>Trees of a margin. Default: 500. Range: 1–100,000.</summary>
    public int Trees
    {
        get;
        set => field = Throw.Outside(value, 1, 100_000, nameof(Trees));
    } = 500;

    /// <summary>Levels of an XGBoost tree, all of them full. Default: 6. Range: 1–12.</summary>
    public int Depth
    {
        get;
        set => field = Throw.Outside(value, 1, 12, nameof(Depth));
    } = 6;

    /// <summary>Leaves of a LightGBM tree, grown leaf by leaf. Default: 31. Range: 2–10,000.</summary>
    public int Leaves
    {
        get;
        set => field = Throw.Outside(value, 2, 10_000, nameof(Leaves));
    } = 31;

    /// <summary>Features of a row. Default: 25. Range: 1–100,000.</summary>
    public int Features
    {
        get;
        set => field = Throw.Outside(value, 1, 100_000, nameof(Features));
    } = 25;

    /// <summary>Distinct thresholds of a feature. Default: 255. Range: 1–65,535.</summary>
    public int Thresholds
    {
        get;
        set => field = Throw.Outside(value, 1, 65_535, nameof(Thresholds));
    } = 255;

    /// <summary>Major version whose file shape XGBoost documents take. Default: 1. Range: 1–3.</summary>
    public int XgboostVersion
    {
        get;
        set => field = Throw.Outside(value, 1, 3, nameof(XgboostVersion));
    } = 1;

    /// <summary>XGBoost's objective. Default: <c>binary:logistic</c>.</summary>
    public string Objective { get; set; } = "binary:logistic";

    /// <summary>Classes of a multiclass objective; 0 for one margin. Default: 0. Range: 0–1,000.</summary>
    public int Classes
    {
        get;
        set => field = Throw.Outside(value, 0, 1_000, nameof(Classes));
    }

    /// <summary>Dart instead of gbtree: a weight per tree. Default: false.</summary>
    public bool Dart { get; set; }

    /// <summary>The model as XGBoost writes JSON.</summary>
    public byte[] ToXgboostJson() => Encoding.UTF8.GetBytes(XgboostShape.Create(this).ToJsonString());

    /// <summary>The model as XGBoost writes UBJSON.</summary>
    public byte[] ToXgboostUbjson() => UbjsonWriter.Write(XgboostShape.Create(this));

    /// <summary>The model as LightGBM writes text (v4, <c>objective=binary sigmoid:1</c>, missing values as NaN).</summary>
    public byte[] ToLightGbmText() => LightGbmShape.Write(this);

    internal double[][] DrawThresholds(Random random) =>
        [.. Enumerable.Range(0, Features).Select(_ => Enumerable.Range(0, Thresholds).Select(_ => Normal(random)).ToArray())];

    /// <summary>Marsaglia's polar method, for data spread as features often are.</summary>
    internal static double Normal(Random random)
    {
        while (true)
        {
            var (u, v) = (2 * random.NextDouble() - 1, 2 * random.NextDouble() - 1);
            var s = u * u + v * v;
            if (s is > 0 and < 1)
            {
                return u * Math.Sqrt(-2 * Math.Log(s) / s);
            }
        }
    }
}
