using Fettle.Forests.Formats;

namespace Fettle.Forests;

/// <summary>
/// A loaded tree ensemble. Immutable, safe for any number of threads. Predictions carry the bits of the library that trained the model:
/// float32 models are compared and summed in float32 in tree order, float64 models in float64.
/// </summary>
public sealed partial class Forest
{
    readonly ForestOptions _options;

    internal Forest(ForestModel model, ForestOptions options)
    {
        Model = model;
        _options = options with { };
    }

    /// <summary>What the file says.</summary>
    public ForestModel Model { get; }

    /// <summary>Values a row must have.</summary>
    public int FeatureCount => Model.FeatureCount;

    /// <summary>Predictions per row.</summary>
    public int OutputCount => Model.OutputCount;

    /// <summary>Reads a model file; the format is told from the content, not from the name.</summary>
    /// <param name="path">XGBoost JSON or UBJSON, LightGBM text, ONNX or Fettle binary.</param>
    /// <param name="options">Null takes the defaults.</param>
    /// <exception cref="ModelFormatException">The file is no model, is damaged, or asks for what is not supported.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Forest Load(string path, ForestOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ForestOptions();
        var length = new FileInfo(path).Length;
        if (length > options.MaxFileBytes)
        {
            throw new ModelFormatException($"the file has {length} bytes; MaxFileBytes allows {options.MaxFileBytes}", path, "byte 0");
        }

        return Load(File.ReadAllBytes(path), path, options);
    }

    /// <summary>Reads a model from memory.</summary>
    /// <param name="bytes">The whole file; not copied, must not change.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="options">Null takes the defaults.</param>
    /// <exception cref="ModelFormatException">The bytes are no model, are damaged, or ask for what is not supported.</exception>
    public static Forest Load(byte[] bytes, string name, ForestOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        options ??= new ForestOptions();
        return new Forest(ModelReader.Read(name, bytes, options), options);
    }
}
