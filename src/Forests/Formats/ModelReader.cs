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

        if (IsUbjson(bytes))
        {
            return XgboostReader.Read(UbjsonReader.Read(name, bytes), ForestFormat.XgboostUbjson, options.UseBestIteration, bytes.Length);
        }

        if (start < bytes.Length && bytes[start] == '{')
        {
            return XgboostReader.Read(JsonDocumentReader.Read(name, bytes), ForestFormat.XgboostJson, options.UseBestIteration, bytes.Length);
        }

        if (LightGbmReader.Accepts(bytes))
        {
            return LightGbmReader.Read(name, bytes);
        }

        if (FettleReader.Accepts(bytes))
        {
            return FettleReader.Read(name, bytes);
        }

        if (bytes.Length > 2 && bytes[0] == 0x08 && bytes[1] is > 0 and < 64)
        {
            // An ONNX file begins with field 1, ir_version, a small number.
            return OnnxReader.Read(name, bytes);
        }

        throw new ModelFormatException("the format is not known; known: XGBoost JSON and UBJSON, LightGBM text, ONNX, Fettle binary", name, "byte 0");
    }

    /// <summary>JSON has a quote, a space or a closing brace after the first brace; UBJSON a length type or a header.</summary>
    static bool IsUbjson(byte[] bytes) => bytes.Length > 1 && bytes[0] == '{'
        && bytes[1] is ((byte)'i' or (byte)'U' or (byte)'I' or (byte)'l' or (byte)'L' or (byte)'$' or (byte)'#');
}
