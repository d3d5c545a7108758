"""The accounts of AWS that own SageMaker's images for XGBoost and scikit-learn, by region.

The platform works in these regions only: in others no project could train, and in other partitions than `aws` every ARN
that it writes would be wrong. Source: `image_uri_config/xgboost.json` (3.2-0) and `sklearn.json` (1.9-0) in the package
sagemaker-core 2.27.0, without the regions of other partitions.
"""

ACCOUNTS = {
    "af-south-1": "510948584623",
    "ap-east-1": "651117190479",
    "ap-northeast-1": "354813040037",
    "ap-northeast-2": "366743142698",
    "ap-northeast-3": "867004704886",
    "ap-south-1": "720646828776",
    "ap-south-2": "628508329040",
    "ap-southeast-1": "121021644041",
    "ap-southeast-2": "783357654285",
    "ap-southeast-3": "951798379941",
    "ap-southeast-4": "106583098589",
    "ca-central-1": "341280168497",
    "ca-west-1": "190319476487",
    "eu-central-1": "492215442770",
    "eu-central-2": "680994064768",
    "eu-north-1": "662702820516",
    "eu-south-1": "978288397137",
    "eu-south-2": "104374241257",
    "eu-west-1": "141502667606",
    "eu-west-2": "764974769150",
    "eu-west-3": "659782779980",
    "il-central-1": "898809789911",
    "me-central-1": "272398656194",
    "me-south-1": "801668240914",
    "sa-east-1": "737474898029",
    "us-east-1": "683313688378",
    "us-east-2": "257758044811",
    "us-west-1": "746614075791",
    "us-west-2": "246618743249",
}


def account_of(region: str) -> str:
    """Return the account that owns the images of a region.

    Raises:
        ValueError: SageMaker offers these images in other regions only.
    """
    if region not in ACCOUNTS:
        raise ValueError(
            f"SageMaker has no images for XGBoost and scikit-learn in {region}; "
            "if it does now, add the account that owns them to products/sagemaker_images.py"
        )
    return ACCOUNTS[region]
