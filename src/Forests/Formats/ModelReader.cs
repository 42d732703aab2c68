namespace Fettle.Forests.Formats;

/// <summary>Tells the format from the first bytes and reads the model.</summary>
internal static class ModelReader
{
    public static ForestModel Read(string name, byte[] bytes, ForestOptions options)
    {
        var start = 0;
        while (start < bytes.Length && bytes[start] is ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
        {
            start++;
        }

        if (start < bytes.Length && bytes[start] == '{')
        {
            return XgboostReader.Read(JsonDocumentReader.Read(name, bytes), ForestFormat.XgboostJson, options.UseBestIteration);
        }

        throw new ModelFormatException("the format is not known; known: XGBoost JSON and UBJSON, LightGBM text, ONNX, Fettle binary", name, "byte 0");
    }
}
