namespace Fettle.Forests;

/// <summary>How exact the leaves of a Fettle binary are.</summary>
public enum LeafPrecision
{
    /// <summary>The model's own type: float32 or float64, every bit kept.</summary>
    Exact,

    /// <summary>16-bit steps of the largest leaf's 1/32767.</summary>
    Int16,

    /// <summary>8-bit steps of the largest leaf's 1/127.</summary>
    Int8,
}
