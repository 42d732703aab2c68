using Fettle.Forests.Formats;

namespace Fettle.Forests;

public sealed partial class Forest
{
    /// <summary>The model as ONNX: a TreeEnsembleRegressor whose output are this forest's predictions.</summary>
    /// <exception cref="NotSupportedException">The model has something ONNX has no form for; the message names it.</exception>
    public byte[] ToOnnx() => OnnxWriter.Write(Model);

    /// <summary>The model in Fettle's binary: thresholds as ranks, without loss.</summary>
    /// <param name="leaves">How exact the leaves are; anything but <see cref="LeafPrecision.Exact"/> changes predictions.</param>
    /// <param name="keepStatistics">Keep covers, gains and leaf numbers, which contributions, importances and leaf indices need.</param>
    public byte[] ToBinary(LeafPrecision leaves = LeafPrecision.Exact, bool keepStatistics = true) => FettleWriter.Write(Model, leaves, keepStatistics);
}
