namespace Fettle.Forests;

/// <summary>The file format a model came from.</summary>
public enum ForestFormat
{
    /// <summary>XGBoost JSON (1.x to 3.x).</summary>
    XgboostJson,

    /// <summary>XGBoost UBJSON (1.6 and later).</summary>
    XgboostUbjson,

    /// <summary>LightGBM text (v2 to v4).</summary>
    LightGbmText,

    /// <summary>ONNX with one tree ensemble operator.</summary>
    Onnx,

    /// <summary>Fettle's own compact binary.</summary>
    FettleBinary,

    /// <summary>Built in memory.</summary>
    Memory,
}

/// <summary>In which type thresholds are compared and leaves are summed; the bits of the answer depend on it.</summary>
public enum ForestArithmetic
{
    /// <summary>float32, as XGBoost and ONNX Runtime do.</summary>
    Single,

    /// <summary>float64, as LightGBM does.</summary>
    Double,
}

/// <summary>How a margin becomes a prediction.</summary>
public enum ForestLink
{
    /// <summary>The margin itself.</summary>
    Identity,

    /// <summary>1 / (1 + exp(−margin)).</summary>
    Logistic,

    /// <summary>Softmax over the margins of a row.</summary>
    Softmax,

    /// <summary>Index of the largest margin, one output a row.</summary>
    ArgMax,

    /// <summary>exp(margin).</summary>
    Exponential,

    /// <summary>exp(margin) computed in float64 and rounded once (XGBoost's survival:aft).</summary>
    ExponentialInDouble,

    /// <summary>1 if the margin is above 0, else 0.</summary>
    Hinge,

    /// <summary>log(1 + exp(margin)), LightGBM's cross_entropy_lambda.</summary>
    LogOnePlusExponential,

    /// <summary>sign(margin) · margin², LightGBM's regression with <c>sqrt</c>.</summary>
    SignedSquare,

    /// <summary>Standard normal distribution function, ONNX's PROBIT is its inverse.</summary>
    Probit,

    /// <summary>Softmax in which a margin of exactly zero stays zero (ONNX SOFTMAX_ZERO).</summary>
    SoftmaxZero,
}
